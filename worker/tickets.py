"""Tickets: how Celery learns that the ledger has work. A lost or repeated ticket costs milliseconds, never an event."""

import time
from contextlib import suppress
from typing import Any, Literal

import structlog
from celery import bootsteps
from celery.platforms import EX_FAILURE
from celery.worker import state
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from worker.installed_releases import InstalledReleases
from worker.ledger.active_release import ActiveRelease
from worker.ledger.ledger import Ledger
from worker.ledger.presence import REPORT_SECONDS, WorkerReport
from worker.ledger.quota import SourceQuota
from worker.runtime import open_active_release, open_ledger, open_quota

TICK_SECONDS = 0.1
"""Interval of the checks for waiting events, far below a lease: a late check looks like an outage to the clock."""

_SWEEP_SECONDS = 3600.0
_log = structlog.get_logger(__name__)


class TicketStep(bootsteps.StartStopStep):
    """Checks for claimable entries on the worker's timer, and sends a ticket if there is none."""

    requires = ("celery.worker.components:Timer", "celery.worker.components:Pool")

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._timer_entry: Any = None
        self._ledger: Ledger | None = None
        self._quota: SourceQuota | None = None
        self._active_release: ActiveRelease | None = None
        self._releases: InstalledReleases | None = None
        self._app = worker.app
        self._next_sweep = 0.0
        self._next_report = 0.0

    def start(self, worker: Any) -> None:
        """Start the timer, and answer HTTP requests: the children are forked by now."""
        self._ledger = open_ledger(self._app.settings, self._app.outage)
        self._quota = open_quota(self._app.settings)
        self._active_release = open_active_release(self._app.settings)
        self._releases = InstalledReleases(self._app.settings)
        self._releases.refresh()
        if self._app.endpoint is not None:
            self._app.endpoint.start()
        self._timer_entry = worker.timer.call_repeatedly(TICK_SECONDS, self._tick)

    def stop(self, worker: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Stop the timer."""
        if self._timer_entry is not None:
            self._timer_entry.cancel()
            self._timer_entry = None
            self._app.vitals.is_draining = True
            with suppress(RedisError):
                self._report("draining")

    def _tick(self) -> None:
        """Never raises: if the server is unavailable, the next tick tries again."""
        if self._ledger is None:
            return
        if self._app.board.failure() is not None and state.should_stop is None:
            state.should_stop = EX_FAILURE  # type: ignore[assignment]  # ends Celery's own loop
        vitals = self._app.vitals
        vitals.tick()
        try:
            is_ready = self._ledger.is_ready()
            vitals.answer()
            if is_ready:
                self._app.tasks["offsample.classify_next"].apply_async(retry=False)
            if time.monotonic() >= self._next_sweep:
                self._next_sweep = time.monotonic() + _SWEEP_SECONDS
                self._ledger.sweep_consumers()
            if time.monotonic() >= self._next_report:
                self._next_report = time.monotonic() + REPORT_SECONDS
                self._report("running")
        except (RedisError, OperationalError, OSError) as error:
            self._app.outage.begin(error)

    def _report(self, state: Literal["running", "draining"]) -> None:
        """Report this worker, log a change of the pause, and look for events that need not be parked."""
        report = self._app.report
        if self._ledger is None or report is None:
            return
        ready = sum(child.is_ready for child in self._app.board.states())
        if self._quota is not None:
            self._quota.sweep()
        vitals = self._app.vitals
        changes = {"ready": ready, "state": state} | self._look_at_releases(report)
        is_paused = self._ledger.hints.report_worker(report.model_copy(update=changes))
        if is_paused is not vitals.is_paused:
            vitals.is_paused = is_paused
            _log.info("intake_paused" if is_paused else "intake_resumed")

    def _look_at_releases(self, report: WorkerReport) -> dict[str, Any]:
        """Which releases can be used here, and which one is in use for events that name none."""
        if self._releases is None or self._active_release is None:
            return {}
        self._releases.refresh(most=1)
        vitals, active = self._app.vitals, self._active_release.read()
        problem = None if active is None else self._releases.find_problem(active)
        vitals.active_release = active if problem is None else None
        vitals.release_problem = None if problem is None else f"active release {active} is not in use here: {problem}"
        return {
            "release": vitals.active_release or report.release,
            "installed": self._releases.usable,
            "unusable": self._releases.unusable,
            "release_problem": vitals.release_problem,
        }
