"""Send events, from Python; from any other language it is one XADD (docs/messages.md)."""

from dataclasses import dataclass
from typing import Literal, cast

from redis import Redis

from worker.ledger.names import Names
from worker.messages.event import DatasetAnnotatedEvent

Priority = Literal["high", "normal", "low"]


@dataclass(frozen=True)
class SentEvent:
    """An event on its way."""

    event: DatasetAnnotatedEvent
    entry: str
    """Its entry, `<stream>/<entry id>`."""


def send_event(server: Redis, names: Names, event: DatasetAnnotatedEvent, priority: Priority = "normal") -> SentEvent:
    """Append one event to the stream of its priority; a user that may do nothing but that can send it."""
    stream = names.events(priority)
    message = event.model_dump_json(exclude_unset=True, exclude_none=True)
    entry_id = cast("bytes", server.xadd(stream, {"message": message}))
    return SentEvent(event, f"{stream}/{entry_id.decode()}")
