"""The events that are claimed now, and what is known of their runs."""

from typing import Any, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from worker.ledger.consumer import Consumer
from worker.ledger.names import GROUP
from worker.ledger.presence import RunRecord
from worker.operators.queue import Queue, entry_ms

_MOST_SHOWN = 1000


class RunningEvent(BaseModel):
    """One claimed entry."""

    model_config = ConfigDict(frozen=True)

    entry: str
    """`<stream>/<entry id>`, as in the logs."""
    event_id: str | None = None
    event_source: str | None = None
    dataset_id: str | None = None
    worker: str
    """`<name>@<host>`; empty for a worker of an earlier version."""
    pid: int
    """Of the pool child; `celery inspect active` shows it as `worker_pid`."""
    task_id: str | None = None
    trace_id: str | None = None
    attempts: int
    """How often it was claimed, this time included."""
    queued_seconds: float
    """Since the server received it."""
    running_seconds: float | None = None
    """Since it was claimed."""
    silent_seconds: float
    """Since the last heartbeat; more than a lease means that its worker is dead."""
    done: int | None = None
    """Finished annotations, and all of them."""
    total: int | None = None


def read_running(queue: Queue) -> list[RunningEvent]:
    """Claimed entries of all priorities, most urgent first; at most 1,000 of each."""
    found = [
        (stream, one)
        for stream in queue.names.streams
        if queue.server.exists(stream)
        for one in _read_pending(queue, stream)
    ]
    if not found:
        return []
    now_ms = queue.now_ms()
    names = queue.names
    with queue.server.pipeline(transaction=False) as pipeline:
        for stream, one in found:
            entry = f"{stream}/{one['message_id'].decode()}"
            pipeline.mget(names.run(entry), names.progress(entry))
        hints = cast("list[list[bytes | None]]", pipeline.execute())
    return [_describe(stream, one, hint, now_ms) for (stream, one), hint in zip(found, hints, strict=True)]


def _read_pending(queue: Queue, stream: str) -> list[dict[str, Any]]:
    groups = queue.server.xinfo_groups(stream)
    if GROUP not in [group["name"].decode() for group in groups]:
        return []
    return queue.server.xpending_range(stream, GROUP, "-", "+", _MOST_SHOWN)


def _describe(stream: str, pending: dict[str, Any], hints: list[bytes | None], now_ms: int) -> RunningEvent:
    entry_id = pending["message_id"].decode()
    consumer = Consumer.parse(pending["consumer"].decode())
    run, progress = _parse_run(hints[0], str(consumer)), (hints[1] or b"").decode()
    done, _, total = progress.partition("/")
    return RunningEvent(
        entry=f"{stream}/{entry_id}",
        event_id=run.event_id if run else None,
        event_source=run.event_source if run else None,
        dataset_id=run.dataset_id if run else None,
        worker=consumer.worker,
        pid=consumer.pid,
        task_id=run.task_id if run else None,
        trace_id=run.trace_id if run else None,
        attempts=pending["times_delivered"],
        queued_seconds=max(0.0, (now_ms - entry_ms(entry_id)) / 1000),
        running_seconds=max(0.0, (now_ms - run.started_ms) / 1000) if run else None,
        silent_seconds=pending["time_since_delivered"] / 1000,
        done=int(done) if done else None,
        total=int(total) if total else None,
    )


def _parse_run(record: bytes | None, consumer: str) -> RunRecord | None:
    """The record, if it is of the run that holds the entry now."""
    try:
        run = RunRecord.model_validate_json(record) if record else None
    except ValidationError:
        return None
    return run if run is not None and run.consumer == consumer else None
