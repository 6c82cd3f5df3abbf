"""What a worker holds while it runs one event, and its answer at the end."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class Claim:
    """One entry of an events stream, leased to one consumer."""

    stream: str
    entry_id: str
    consumer: str
    deliveries: int
    """How often the entry was claimed, this time included; together with `consumer` it identifies the lease."""
    message: bytes | None
    """Text of the event; None when it is missing or larger than allowed."""
    message_bytes: int
    """Its size; -1 when the entry has no field `message`."""
    queued_seconds: float
    """From the entry's receipt to this claim, by the server's clock."""
    postponements: int = 0
    """How often in a row the event was postponed before this claim."""
    first_postponed_ms: int = 0
    """Server time of the first postponement; 0 = never."""
    postponed_seconds: float = 0.0
    """From the first postponement to this claim."""
    asked_ns: int = 0
    """`time.time_ns()` when this process asked for it; 0 = not recorded."""
    received_ns: int = 0
    """When it had the answer."""

    @property
    def claimed_ms(self) -> int:
        """When it was claimed, by the server's clock."""
        return int(self.entry_id.partition("-")[0]) + round(self.queued_seconds * 1000)

    @property
    def entry(self) -> str:
        """Stream and entry id, unique on the server."""
        return f"{self.stream}/{self.entry_id}"


class Outcome(StrEnum):
    """The result of finishing an event."""

    PUBLISHED = "published"
    ALREADY = "already"
    DUPLICATE = "duplicate"
    FENCED = "fenced"


DONE_VERSION = 2
"""In version 1 the digest included the defaults of fields that were not sent, and the record had no version."""


class DoneRecord(BaseModel):
    """What is remembered of a finished event, to answer a repeat."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    version: int = 1
    """Version of the record; it determines what `digest` covers."""
    entry: str
    digest: str
    """SHA-256 of what was sent."""
    closing: str
    """The closing message, as published."""


@dataclass(frozen=True)
class DeadLetter:
    """Why an event was dead-lettered."""

    code: str
    reason: str


@dataclass(frozen=True)
class Answer:
    """Everything to publish for one event, as a whole or not at all."""

    done_key: str
    index_key: str
    """Where the results stream's entries of this event are listed."""
    messages: list[str]
    done: DoneRecord | None = None
    dead_letter: DeadLetter | None = None
