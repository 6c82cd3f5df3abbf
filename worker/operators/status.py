"""The state of the queue at one moment."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from worker.operators.backlog import PriorityBacklog, read_backlog
from worker.operators.fleet import WorkerStatus, read_fleet
from worker.operators.intake import Pause, read_pause
from worker.operators.queue import Queue, entry_ms
from worker.operators.running import RunningEvent, read_running


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class StreamAge(_Part):
    """How many entries a stream has, and how old the oldest is."""

    entries: int
    oldest_seconds: float | None


class ReadingGroup(_Part):
    """A consumer group of the results."""

    name: str
    unread: int | None
    """Not delivered to it, and not trimmed; None when the server cannot tell, after entries were deleted."""
    unacknowledged: int
    """Delivered, but not acknowledged."""


class ServerMemory(_Part):
    """The server's memory, bytes."""

    used_bytes: int
    max_bytes: int
    """0 = no limit."""
    policy: str

    @property
    def share(self) -> float | None:
        """Which part of the limit is used; None without a limit."""
        return self.used_bytes / self.max_bytes if self.max_bytes else None


class QueueStatus(_Part):
    """Everything that `offsample queue status` shows."""

    now_ms: int
    """The server's time."""
    pause: Pause | None
    priorities: list[PriorityBacklog]
    running: list[RunningEvent]
    gateway_tasks: int
    """Events of Celery applications that the gateway has not yet added to a stream."""
    dead_letters: StreamAge
    results: StreamAge
    groups: list[ReadingGroup]
    memory: ServerMemory
    workers: list[WorkerStatus]


def read_status(queue: Queue) -> QueueStatus:
    """Read the state; its parts are read one after the other, each of them in one step."""
    names = queue.names
    now_ms = queue.now_ms()
    return QueueStatus(
        now_ms=now_ms,
        pause=read_pause(queue),
        priorities=read_backlog(queue),
        running=read_running(queue),
        gateway_tasks=_count_gateway_tasks(queue),
        dead_letters=_read_age(queue, names.dead_letters, now_ms),
        results=_read_age(queue, names.results, now_ms),
        groups=_read_groups(queue),
        memory=read_memory(queue),
        workers=read_fleet(queue),
    )


def read_memory(queue: Queue) -> ServerMemory:
    """The server's memory and its limit."""
    found = queue.server.info("memory")
    return ServerMemory(
        used_bytes=found["used_memory"], max_bytes=found["maxmemory"], policy=str(found["maxmemory_policy"])
    )


def _read_age(queue: Queue, stream: str, now_ms: int) -> StreamAge:
    oldest = queue.scripts.page(keys=[stream], args=["-", 1, 1, "\0"])[0]
    age = max(0.0, (now_ms - entry_ms(oldest.decode())) / 1000) if oldest else None
    return StreamAge(entries=queue.server.xlen(stream), oldest_seconds=age)


def _count_gateway_tasks(queue: Queue) -> int:
    """Those that wait in Celery's queue, and those that gateways hold."""
    gateway = queue.names.gateway
    return queue.server.llen(gateway) + queue.server.hlen(f"{gateway}:unacked")


def _read_groups(queue: Queue) -> list[ReadingGroup]:
    if not queue.server.exists(queue.names.results):
        return []
    stream = queue.server.xinfo_stream(queue.names.results)
    return [
        ReadingGroup(
            name=one["name"].decode(errors="replace"), unread=_count_unread(one, stream), unacknowledged=one["pending"]
        )
        for one in queue.server.xinfo_groups(queue.names.results)
    ]


def _count_unread(group: dict[str, Any], stream: dict[str, Any]) -> int | None:
    """The server's own count, unless it is certain without: that one includes entries that were trimmed unread."""
    first, last, read = stream["first-entry"], stream["last-generated-id"], group["last-delivered-id"]
    if first is None or _parse_id(read) >= _parse_id(last):
        return 0
    if _parse_id(read) < _parse_id(first[0]):
        return int(stream["length"])
    return None if group["lag"] is None else int(group["lag"])


def _parse_id(entry_id: bytes) -> tuple[int, int]:
    time_ms, _, sequence = entry_id.partition(b"-")
    return int(time_ms), int(sequence)
