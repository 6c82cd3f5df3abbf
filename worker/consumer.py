"""Read answers, from Python; from any other language it is one XREADGROUP (docs/messages.md)."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, cast

from pydantic import Field, TypeAdapter
from redis import Redis

from shared.errors import TransientError
from shared.messages.event import DatasetAnnotatedEvent
from shared.messages.results import (
    DatasetClassified,
    DatasetRejected,
    DatasetSummary,
    IonImagesClassified,
    ResultMessage,
    ResultRow,
)
from worker.ledger.names import Names
from worker.producer import SentEvent

_RESULT: TypeAdapter[ResultMessage] = TypeAdapter(Annotated[ResultMessage, Field(discriminator="type")])
_Entries = list[tuple[bytes, dict[bytes, bytes]]]
_StreamReply = list[tuple[bytes, _Entries]]
_PAGE = 50
_BLOCK_MS = 200


@dataclass
class EventAnswer:
    """All that the results stream says of one event."""

    event_id: str | None
    dataset_id: str | None
    parts: dict[int, list[ResultRow]] = field(default_factory=dict)
    summary: DatasetSummary | None = None
    rejection: DatasetRejected | None = None

    @property
    def rows(self) -> list[ResultRow]:
        """Rows in the order of the event's annotations."""
        return [row for part in sorted(self.parts) for row in self.parts[part]]

    def add(self, message: ResultMessage) -> None:
        """Take in one message; a repeat changes nothing."""
        if isinstance(message, IonImagesClassified):
            self.parts[message.data.part] = message.data.rows
        elif isinstance(message, DatasetClassified):
            self.summary = message.data
        else:
            self.rejection = message

    def add_all(self, messages: Iterable[ResultMessage], event: DatasetAnnotatedEvent) -> None:
        """Take in those of the messages that answer the event."""
        for message in messages:
            if message.data.event_id == event.id and message.data.event_source == event.source:
                self.add(message)

    @property
    def is_complete(self) -> bool:
        """Whether the event is answered, every chunk included."""
        return self.rejection is not None or (self.summary is not None and len(self.parts) >= self.summary.parts)


def read_answers(server: Redis, names: Names) -> list[EventAnswer]:
    """Everything in the results stream, by event, in order of first appearance."""
    answers: dict[tuple[str, str | None], EventAnswer] = {}
    for message in _read_all(server, names):
        data = message.data
        key = (message.source, data.event_id)
        answers.setdefault(key, EventAnswer(data.event_id, data.dataset_id)).add(message)
    return list(answers.values())


def wait_for_answer(
    server: Redis,
    names: Names,
    sent: SentEvent,
    *,
    timeout_seconds: float,
    on_wait: Callable[[], None] = lambda: None,
) -> EventAnswer:
    """Read the results stream until the event is answered; when the answer is a repeat, what stands before is read too.

    Parameters
    ----------
    on_wait
        Called now and then; what it raises ends the wait.

    Raises
    ------
    TransientError
        When no answer came in time.
    """
    event = sent.event
    answer = EventAnswer(event.id, event.data.dataset_id)
    give_up_at = time.monotonic() + timeout_seconds
    last: str | bytes = sent.since
    while not answer.is_complete:
        if answer.summary is not None:  # a repeat of an event finished before: its rows stand further up
            answer.add_all(_read_all(server, names), event)
            break
        if time.monotonic() > give_up_at:
            raise TransientError(
                f"event {event.id!r} was not answered within {timeout_seconds:g} s; it stays in the queue, and"
                f" `offsample results {event.id}` shows its answer later; is a worker running?"
            )
        on_wait()
        reply = cast("_StreamReply", server.xread({names.results: last}, count=_PAGE, block=_BLOCK_MS))
        for entry_id, fields in (entry for _, entries in reply for entry in entries):
            last = entry_id
            answer.add_all([_parse(fields)], event)
    return answer


def read_progress(server: Redis, names: Names, entry: str) -> tuple[int, int | None]:
    """How many of how many annotations of a running entry are done; (0, None) when it has not started."""
    word = cast("bytes | None", server.get(names.progress(entry)))
    done, _, total = word.decode().partition("/") if word else ("0", "", "")
    return int(done), int(total) if total else None


def _read_all(server: Redis, names: Names) -> Iterator[ResultMessage]:
    last = "-"
    while entries := cast("_Entries", server.xrange(names.results, min=last, count=_PAGE)):
        for entry_id, fields in entries:
            yield _parse(fields)
            last = f"({entry_id.decode()}"


def _parse(fields: dict[bytes, bytes]) -> ResultMessage:
    return _RESULT.validate_json(fields[b"message"])
