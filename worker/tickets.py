"""Tickets: how Celery learns that the ledger has work. Losing or repeating one costs milliseconds, never an event."""

import time
from typing import Any

import structlog
from celery import bootsteps
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from worker.ledger.ledger import Ledger
from worker.runtime import open_ledger

_SWEEP_SECONDS = 3600.0
_log = structlog.get_logger(__name__)


class TicketStep(bootsteps.StartStopStep):
    """Looks for claimable entries on the worker's own timer and sends a ticket when none waits."""

    requires = ("celery.worker.components:Timer", "celery.worker.components:Pool")

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._timer_entry: Any = None
        self._ledger: Ledger | None = None
        self._app = worker.app
        self._reachable = True
        self._next_sweep = 0.0

    def start(self, worker: Any) -> None:
        """Begin to look."""
        settings = self._app.settings
        self._ledger = open_ledger(settings)
        self._timer_entry = worker.timer.call_repeatedly(settings.ticket_seconds, self._tick)

    def stop(self, worker: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Look no more."""
        if self._timer_entry is not None:
            self._timer_entry.cancel()
            self._timer_entry = None

    def _tick(self) -> None:
        """Never raises: a server that is away is looked for again at the next tick."""
        if self._ledger is None:
            return
        try:
            if self._ledger.is_ready():
                self._app.tasks["offsample.classify_next"].apply_async(retry=False)
            if time.monotonic() >= self._next_sweep:
                self._next_sweep = time.monotonic() + _SWEEP_SECONDS
                self._ledger.sweep_consumers()
        except (RedisError, OperationalError, OSError) as error:
            if self._reachable:
                _log.warning("ledger_unreachable", error=str(error))
            self._reachable = False
        else:
            if not self._reachable:
                _log.info("ledger_reachable_again")
            self._reachable = True
