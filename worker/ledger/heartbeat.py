"""The heartbeat: keeps a lease while its event runs."""

import threading
import time
from types import TracebackType
from typing import Self

import structlog
from redis.exceptions import RedisError

from shared.errors import LeaseLostError
from worker.ledger.claim import Claim
from worker.ledger.ledger import Ledger
from worker.server.outage import is_outage

_BEATS_PER_LEASE = 4
_log = structlog.get_logger(__name__)


class Heartbeat:
    """Renews a claim every quarter of a lease in a separate thread, until the event's deadline.

    After the deadline it stops, so that an event that cannot be interrupted goes to another worker one lease later.
    """

    def __init__(self, ledger: Ledger, claim: Claim, deadline: float) -> None:
        self._ledger = ledger
        self._claim = claim
        self._deadline = deadline
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the heartbeat and wait for its last beat; may be called twice."""
        self._stop.set()
        self._thread.join()

    def require_lease(self) -> None:
        """Raise `LeaseLostError` when another worker may have the event."""
        if self._lost.is_set():
            raise LeaseLostError(f"lease of {self._claim.entry} was lost; another worker may have the event")

    def _beat(self) -> None:
        interval = self._ledger.lease_seconds / _BEATS_PER_LEASE
        while not self._stop.wait(interval) and time.monotonic() < self._deadline:
            try:
                if not self._ledger.renew(self._claim):
                    self._lost.set()
                    return
            except (RedisError, MemoryError) as error:  # the event may have used up the memory
                if not is_outage(error):  # the ledger logs an outage once
                    _log.warning("heartbeat_missed", entry=self._claim.entry, error=str(error))
