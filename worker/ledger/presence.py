"""What workers report about themselves and about their running events: hints for people and for metrics."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

REPORT_SECONDS = 5.0
"""How often a worker reports."""

SILENT_SECONDS = 3 * REPORT_SECONDS
"""A worker that did not report for this long is dead, frozen or cut off from the server."""

FORGOTTEN_SECONDS = 3600.0
"""After this time a silent worker is no longer listed."""

PROFILES_KEPT = 1_000
"""Datasets whose profiles are kept, approximately: the server drops whole blocks of older ones."""


class _Report(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class WorkerReport(_Report):
    """One `offsample worker`, as it describes itself every few seconds."""

    worker: str
    """`<name>@<host>`."""
    pid: int
    version: str
    """Of the code."""
    release: str
    """In use for events that name none."""
    engine: str
    concurrency: int
    """Events that it runs concurrently."""
    ready: int = 0
    """Pool children that can run an event."""
    state: Literal["running", "draining"] = "running"
    installed: tuple[str, ...] = ()
    """Versions of the releases that it can use."""
    unusable: dict[str, str] = {}
    """Installed releases that it cannot use, and why."""
    release_problem: str | None = None
    """Why it does not use the active release; None when it does, or none is active."""


class RunRecord(_Report):
    """Which event an entry holds, and who runs it."""

    event_id: str | None
    event_source: str | None
    dataset_id: str | None
    trace_id: str | None
    task_id: str | None
    """Celery's id of the ticket, as `celery inspect active` shows it."""
    consumer: str
    started_ms: int
    """When it was claimed, by the server's clock."""
