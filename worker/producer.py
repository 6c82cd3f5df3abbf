"""Send events, from Python; from any other language it is one XADD (docs/messages.md)."""

from typing import Literal, cast

from redis import Redis

from shared.messages.event import DatasetAnnotatedEvent
from worker.ledger.names import Names

Priority = Literal["high", "normal", "low"]


def send_event(server: Redis, names: Names, event: DatasetAnnotatedEvent, priority: Priority = "normal") -> str:
    """Append one event to the stream of its priority; gives its entry, `<stream>/<entry id>`."""
    stream = names.events(priority)
    entry_id = cast("bytes", server.xadd(stream, {"message": event.model_dump_json(exclude_unset=True)}))
    return f"{stream}/{entry_id.decode()}"
