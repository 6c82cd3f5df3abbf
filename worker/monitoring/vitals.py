"""Signs of life of a worker's main process."""

import time
from dataclasses import dataclass, field

from worker.pool.child_board import ChildBoard
from worker.server.outage import Outage

_TICK_SECONDS = 60.0
_READ_SECONDS = 10.0
_PATIENCE_SECONDS = 900.0
"""A worker that could not read for so long is restarted: its server is back, perhaps, and it does not notice."""


@dataclass
class Vitals:
    """When the main process last looked for work, and when the server last answered; read by other threads."""

    board: ChildBoard
    outage: Outage
    concurrency: int = 0
    """Children that there should be."""
    lease_seconds: float = 60.0
    is_paused: bool = False
    is_draining: bool = False
    active_release: str | None = None
    """The release that operators activated, if it is in use here; None = the worker's own is."""
    release_problem: str | None = None
    """Why the active release is not in use here."""
    _ticked: float = field(default_factory=time.monotonic)
    _read: float = field(default_factory=time.monotonic)
    _has_read: bool = False

    def tick(self) -> None:
        """The main process looks for work now."""
        self._ticked = time.monotonic()

    def answer(self) -> None:
        """The server answered now."""
        self._read = time.monotonic()
        self._has_read = True

    def why_dead(self) -> list[str]:
        """Reasons to restart the worker; none while it drains, or waits for its server."""
        if self.is_draining:
            return []
        now, reasons = time.monotonic(), []
        silent = now - max(self._ticked, self.outage.last_failure or 0.0)
        if silent > _TICK_SECONDS:
            reasons.append(f"the main process has not looked for work for {silent:.0f} s")
        unread = now - self._read
        if unread > _PATIENCE_SECONDS:
            reasons.append(f"the server has not answered for {unread:.0f} s")
        return reasons

    def why_not_ready(self) -> list[str]:
        """Reasons why it takes no event now."""
        reasons = []
        ready = self.count_ready()
        if ready < self.concurrency:
            reasons.append(f"{ready} of {self.concurrency} pool children are ready")
        if not self._has_read or time.monotonic() - self._read > _READ_SECONDS:
            reason = self.outage.reason
            reasons.append("the server does not answer" if reason is None else f"the server does not serve: {reason}")
        if self.is_paused:
            reasons.append("the intake is paused")
        if self.is_draining:
            reasons.append("the worker drains")
        return reasons

    def count_ready(self) -> int:
        """Pool children that can run an event."""
        states = self.board.states()
        return sum(child.is_ready and child.is_alive(self.lease_seconds) for child in states)
