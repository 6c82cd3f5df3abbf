"""What a worker holds while it runs one event, and what it says at the end."""

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
    """How often the entry was handed out, this time included; with `consumer` it is what holds the lease."""
    message: bytes | None
    """Text of the event; None when it is missing or larger than allowed."""
    message_bytes: int
    """Its size; -1 when the entry has no field `message`."""
    queued_seconds: float
    """From the entry's receipt to this claim, by the server's clock."""
    postponements: int = 0
    """How often in a row the event was postponed before this claim."""
    first_postponed_ms: int = 0
    """Server time of the first of these; 0 = never."""
    postponed_seconds: float = 0.0
    """From the first of these to this claim."""

    @property
    def entry(self) -> str:
        """Stream and entry id, unique on the server."""
        return f"{self.stream}/{self.entry_id}"


class Outcome(StrEnum):
    """What became of a finish."""

    PUBLISHED = "published"
    ALREADY = "already"
    DUPLICATE = "duplicate"
    FENCED = "fenced"


DONE_VERSION = 2
"""1: the digest included the defaults of fields that were not sent, and nothing said the version."""


class DoneRecord(BaseModel):
    """What is remembered of a finished event, to answer a repeat."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    version: int = 1
    """Which form this is; says what `digest` was made of."""
    entry: str
    digest: str
    """SHA-256 of what was sent."""
    closing: str
    """The closing message, as published."""


@dataclass(frozen=True)
class DeadLetter:
    """Why an event is put aside for a person to look at."""

    code: str
    reason: str


@dataclass(frozen=True)
class Answer:
    """Everything that one event leads to, published as a whole or not at all."""

    done_key: str
    index_key: str
    """Where the results stream's entries of this event are listed."""
    messages: list[str]
    done: DoneRecord | None = None
    dead_letter: DeadLetter | None = None
