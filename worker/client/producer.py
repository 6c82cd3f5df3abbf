"""Send events from Python; other languages use one XADD (docs/messages.md)."""

from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from redis import Redis

from worker.ledger.names import Names
from worker.messages.event import DatasetAnnotatedEvent

Priority = Literal["high", "normal", "low"]
PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)


@dataclass(frozen=True)
class SentEvent:
    """An event that was sent, and its entry in the stream."""

    event: DatasetAnnotatedEvent
    entry: str
    """`<stream>/<entry id>`."""


def send_event(server: Redis, names: Names, event: DatasetAnnotatedEvent, priority: Priority = "normal") -> SentEvent:
    """Append one event to the stream of its priority; XADD is the only permission needed."""
    message = event.model_dump_json(exclude_unset=True, exclude_none=True)
    return SentEvent(event, add_event(server, names, message, priority))


def add_event(server: Redis, names: Names, message: str, priority: Priority) -> str:
    """Append the text of one event to the stream of its priority, and return its entry, `<stream>/<entry id>`."""
    stream = names.events(priority)
    entry_id = cast("bytes", server.xadd(stream, {"message": message}))
    return f"{stream}/{entry_id.decode()}"
