"""What waits in the events streams, by priority."""

from typing import cast

from pydantic import BaseModel, ConfigDict

from worker.ledger.names import GROUP
from worker.operators.queue import Queue, entry_ms

PRIORITIES = ("high", "normal", "low")


class PriorityBacklog(BaseModel):
    """One events stream."""

    model_config = ConfigDict(frozen=True)

    priority: str
    stream: str
    waiting: int
    """Never claimed."""
    released: int
    """Given back unfinished; they are claimed next."""
    postponed: int
    """Their store is away; tried again later."""
    parked: int
    """They wait for other events of their source (OFFSAMPLE_SOURCE_QUOTA)."""
    next_retry_seconds: float | None
    """Until the first postponed one is tried again; 0 when it is due."""
    running: int
    """Claimed, by a live worker or by a dead one whose lease has not expired."""
    oldest_seconds: float | None
    """Since the server received the oldest event that is not answered."""

    @property
    def events(self) -> int:
        """All that is not answered."""
        return self.waiting + self.released + self.postponed + self.parked + self.running


def read_backlog(queue: Queue) -> list[PriorityBacklog]:
    """All priorities at one moment, most urgent first."""
    names = queue.names
    keys = [key for stream in names.streams for key in (stream, names.postponed(stream))]
    parked = [_count_parked(queue, stream) for stream in names.streams]
    now_ms, *found = queue.scripts.backlog(keys=keys, args=[GROUP])
    return [
        PriorityBacklog(
            priority=priority,
            stream=stream,
            waiting=max(0, entries - running - released - postponed - aside),
            released=released,
            postponed=postponed,
            parked=aside,
            next_retry_seconds=max(0.0, (due_ms - now_ms) / 1000) if due_ms else None,
            running=running,
            oldest_seconds=max(0.0, (now_ms - entry_ms(oldest.decode())) / 1000) if oldest else None,
        )
        for priority, stream, aside, (entries, running, released, postponed, due_ms, oldest) in zip(
            PRIORITIES, names.streams, parked, found, strict=True
        )
    ]


def _count_parked(queue: Queue, stream: str) -> int:
    sources = cast("set[bytes]", queue.server.smembers(queue.names.parked_sources))
    return sum(queue.server.zcard(queue.names.parked(stream, source.decode())) for source in sources)
