"""Dead letters: listed, sent again, dropped."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.errors import InvalidInputError
from shared.progress import ProgressCallback, ignore_progress
from worker.messages.event import read_identity
from worker.operators.queue import Queue, entry_ms


class DeadLetter(BaseModel):
    """One dead letter."""

    model_config = ConfigDict(frozen=True)

    id: str
    """Its entry in the stream of dead letters."""
    error: str
    reason: str
    age_seconds: float
    stream: str
    """Where the event was, and its entry there."""
    entry_id: str
    deliveries: int
    event_id: str | None = None
    event_source: str | None = None
    dataset_id: str | None = None
    message: str | None = None
    """The event, unchanged; None when it was too large to be kept, or had no message."""
    message_bytes: int

    @property
    def entry(self) -> str:
        """`<stream>/<entry id>` of the event, as in the logs."""
        return f"{self.stream}/{self.entry_id}"


@dataclass(frozen=True)
class LetterFilter:
    """Which dead letters are meant: all conditions must hold; without any, every letter."""

    ids: frozenset[str] = frozenset()
    error: str | None = None
    older_than_seconds: float = 0.0

    def matches(self, letter: DeadLetter) -> bool:
        """Whether a letter is meant."""
        return (
            (not self.ids or letter.id in self.ids)
            and self.error in (None, letter.error)
            and letter.age_seconds >= self.older_than_seconds
        )


EVERY_LETTER = LetterFilter()


class Retried(StrEnum):
    """What became of a letter that was to be sent again."""

    SENT = "sent"
    GONE = "gone"
    """Somebody else retried or dropped it."""
    KEPT = "kept"
    """Its event cannot be sent again: it was too large to be kept, had no message, or its stream is unknown."""


def read_letters(
    queue: Queue,
    wanted: LetterFilter = EVERY_LETTER,
    *,
    text: str = "",
    on_progress: ProgressCallback = ignore_progress,
) -> Iterator[DeadLetter]:
    """The dead letters that exist now, oldest first; with a text, only those whose event may contain it."""
    now_ms = queue.now_ms()
    for letter_id, fields in queue.read_entries(queue.names.dead_letters, text, on_progress):
        letter = _parse(letter_id, fields, now_ms)
        if wanted.matches(letter):
            yield letter


def retry_letter(queue: Queue, letter: DeadLetter) -> Retried:
    """Send the event of a letter again and delete the letter, in one step: neither is lost, and none is sent twice."""
    if letter.stream not in queue.names.streams:
        return Retried.KEPT
    outcome = queue.scripts.retry(keys=[queue.names.dead_letters, letter.stream], args=[letter.id])[0]
    return Retried(outcome.decode())


def drop_letter(queue: Queue, letter: DeadLetter) -> bool:
    """Delete a letter for good; False when somebody else did."""
    return bool(queue.server.xdel(queue.names.dead_letters, letter.id))


def require_letter_id(text: str) -> str:
    """The id of an entry, such as 1764150000000-0."""
    ms, _, sequence = text.partition("-")
    if not (ms.isascii() and ms.isdigit() and sequence.isascii() and sequence.isdigit()):
        raise InvalidInputError(f"expected the id of a dead letter, such as 1764150000000-0, got {text!r}")
    return text


def _parse(letter_id: str, fields: dict[bytes, bytes], now_ms: int) -> DeadLetter:
    message = fields.get(b"message")
    identity = read_identity(message if message is not None else b"")

    def text(name: bytes) -> str:
        return fields.get(name, b"").decode(errors="replace")

    return DeadLetter(
        id=letter_id,
        error=text(b"error"),
        reason=text(b"reason"),
        age_seconds=max(0.0, (now_ms - entry_ms(letter_id)) / 1000),
        stream=text(b"stream"),
        entry_id=text(b"entry"),
        deliveries=int(text(b"deliveries") or 0),
        event_id=identity.event_id,
        event_source=identity.source,
        dataset_id=identity.dataset_id,
        message=message.decode(errors="replace") if message is not None else None,
        message_bytes=len(message) if message is not None else int(text(b"message_bytes") or 0),
    )
