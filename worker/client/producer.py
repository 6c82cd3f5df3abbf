"""Send events from Python; other languages use one XADD (docs/messages.md)."""

from dataclasses import dataclass
from typing import Literal, cast

from redis import Redis

from worker.ledger.names import Names
from worker.messages.event import DatasetAnnotatedEvent

Priority = Literal["high", "normal", "low"]


@dataclass(frozen=True)
class SentEvent:
    """An event that was sent, and its entry in the stream."""

    event: DatasetAnnotatedEvent
    entry: str
    """`<stream>/<entry id>`."""


def send_event(server: Redis, names: Names, event: DatasetAnnotatedEvent, priority: Priority = "normal") -> SentEvent:
    """Append one event to the stream of its priority; XADD is the only permission needed."""
    stream = names.events(priority)
    message = event.model_dump_json(exclude_unset=True, exclude_none=True)
    entry_id = cast("bytes", server.xadd(stream, {"message": message}))
    return SentEvent(event, f"{stream}/{entry_id.decode()}")
