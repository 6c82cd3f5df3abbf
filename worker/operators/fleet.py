"""The workers that report to the server."""

from typing import cast

from pydantic import ValidationError

from worker.ledger.presence import SILENT_SECONDS, WorkerReport
from worker.operators.queue import Queue


class WorkerStatus(WorkerReport):
    """One worker, and when it last reported."""

    silent_seconds: float
    is_alive: bool
    """Whether it reported in the last few seconds; a draining worker no longer does."""


def read_fleet(queue: Queue) -> list[WorkerStatus]:
    """Workers that reported within the last hour, by name."""
    reports = cast("dict[bytes, bytes]", queue.server.hgetall(queue.names.workers))
    now_ms = queue.now_ms()
    found = []
    for _, text in sorted(reports.items()):
        seen_ms, _, report = text.partition(b" ")
        try:
            parsed = WorkerReport.model_validate_json(report)
        except ValidationError:  # of a later version
            continue
        silent_seconds = max(0.0, (now_ms - int(seen_ms)) / 1000)
        is_alive = silent_seconds <= SILENT_SECONDS
        found.append(WorkerStatus(**parsed.model_dump(), silent_seconds=silent_seconds, is_alive=is_alive))
    return found
