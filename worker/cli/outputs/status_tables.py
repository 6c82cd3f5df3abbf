"""The state of the queue as tables."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from worker.cli.outputs.durations import describe_bytes, describe_seconds
from worker.operators.backlog import PriorityBacklog
from worker.operators.fleet import WorkerStatus
from worker.operators.running import RunningEvent
from worker.operators.status import QueueStatus, StreamAge


def make_status_tables(status: QueueStatus) -> Group:
    """Everything, the most urgent to know first."""
    parts: list[RenderableType] = []
    if status.pause is not None:
        parts.append(Text(_describe_pause(status), style="bold yellow"))
    parts += [
        _make_backlog_table(status.priorities),
        _make_running_table(status.running),
        _make_worker_table(status.workers),
        Text("\n".join(_describe_rest(status))),
    ]
    return Group(*parts)


def _describe_pause(status: QueueStatus) -> str:
    assert status.pause is not None
    age = describe_seconds((status.now_ms - status.pause.since_ms) / 1000)
    reason = f" ({status.pause.reason})" if status.pause.reason else ""
    return f"PAUSED for {age} by {status.pause.by}{reason}: `offsample queue resume` ends it"


def _make_table(title: str, *columns: str) -> Table:
    """A table whose headings break between words only; 80 columns are enough for that."""
    table = Table(title=title, title_justify="left", show_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold", min_width=max(map(len, name.split())))
    return table


def _make_backlog_table(priorities: list[PriorityBacklog]) -> Table:
    columns = ("priority", "waiting", "running", "released", "postponed", "parked", "next retry in", "oldest")
    table = _make_table("backlog", *columns)
    for one in priorities:
        counts = (f"{count:,}" for count in (one.waiting, one.running, one.released, one.postponed, one.parked))
        times = (describe_seconds(one.next_retry_seconds), describe_seconds(one.oldest_seconds))
        table.add_row(one.priority, *counts, *times)
    return table


def _make_running_table(running: list[RunningEvent]) -> Table:
    columns = ("event", "dataset", "entry", "worker", "pid", "attempt", "runs for", "silent for", "done")
    table = _make_table("running", *columns)
    for run in running:
        table.add_row(
            Text(run.event_id or "?"),
            Text(run.dataset_id or "?"),
            run.entry,
            Text(run.worker or "?"),
            str(run.pid or "?"),
            str(run.attempts),
            describe_seconds(run.running_seconds),
            describe_seconds(run.silent_seconds),
            "-" if run.done is None else f"{run.done:,} of {'?' if run.total is None else f'{run.total:,}'}",
        )
    return table


def _make_worker_table(workers: list[WorkerStatus]) -> Table:
    columns = ("worker", "state", "seen", "children", "release", "engine", "version")
    table = _make_table("workers", *columns)
    for worker in workers:
        state = worker.state if worker.is_alive or worker.state == "draining" else "silent"
        children = f"{worker.ready} of {worker.concurrency} ready"
        seen = f"{describe_seconds(worker.silent_seconds)} ago"
        release = worker.release if worker.release_problem is None else f"{worker.release} (!)"
        table.add_row(Text(worker.worker), state, seen, children, release, worker.engine, worker.version)
    return table


def _describe_rest(status: QueueStatus) -> list[str]:
    letters, results, memory = status.dead_letters, status.results, status.memory
    limit = "no limit" if memory.share is None else f"{memory.share:.0%} of {describe_bytes(memory.max_bytes)}"
    tasks = [f"events of Celery applications that wait for the gateway: {status.gateway_tasks:,}"]
    return [
        *(f"(!) {one.worker}: {one.release_problem}" for one in status.workers if one.release_problem is not None),
        *(tasks if status.gateway_tasks else []),
        f"dead letters: {_describe_age(letters)}",
        f"results: {_describe_age(results)}",
        *(
            f"  group {group.name}: {'?' if group.unread is None else f'{group.unread:,}'} unread,"
            f" {group.unacknowledged:,} not acknowledged"
            for group in status.groups
        ),
        f"memory: {describe_bytes(memory.used_bytes)}, {limit}, {memory.policy}",
    ]


def _describe_age(stream: StreamAge) -> str:
    age = f", the oldest {describe_seconds(stream.oldest_seconds)} old" if stream.entries else ""
    return f"{stream.entries:,}{age}"
