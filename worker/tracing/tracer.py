"""What the worker reports to a trace, and the tracer that reports nothing."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from worker.ledger.claim import Claim
from worker.messages.event import EventIdentity


class EventTrace(Protocol):
    """The trace of one run of an event, from its claim to its answer."""

    @property
    def traceparent(self) -> str | None:
        """W3C trace context for the answers; None when the event has none and nothing is traced."""
        ...

    @property
    def log_ids(self) -> Mapping[str, str]:
        """What the log lines of this run state about its trace."""
        ...

    def step(self, name: str) -> AbstractContextManager[None]:
        """Report what the block does as one step of the run."""
        ...

    def finishing(self, results: str, messages: int) -> AbstractContextManager[None]:
        """Report the block as the publication of a number of messages to the stream `results`."""
        ...

    def record_stage(self, name: str, started_ns: int, ended_ns: int, busy_seconds: float) -> None:
        """Report a step that has ended, by the wall clock; it worked for `busy_seconds` of that time."""
        ...

    def conclude(
        self, outcome: str, facts: Mapping[str, object] | None = None, *, error: str | None = None, reason: str = ""
    ) -> None:
        """State what became of the event.

        Parameters
        ----------
        facts
            Values of the event's log line.
        error
            Stable code of why it was not classified.
        """
        ...


class Tracer(Protocol):
    """Reports the runs of events."""

    def follow(self, claim: Claim, identity: EventIdentity) -> AbstractContextManager[EventTrace]:
        """Report the block as a run of the claimed event; it belongs to the trace of the event's `traceparent`."""
        ...

    def close(self) -> None:
        """Send what was not sent yet; nothing can be reported afterwards."""
        ...


class SilentTrace:
    """Reports nothing; the answers carry the event's own trace context."""

    def __init__(self, identity: EventIdentity) -> None:
        self.traceparent = identity.traceparent
        self.log_ids: Mapping[str, str] = {"trace_id": identity.trace_id} if identity.trace_id else {}

    def step(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002 - the protocol's
        """Do nothing."""
        return nullcontext()

    def finishing(self, results: str, messages: int) -> AbstractContextManager[None]:  # noqa: ARG002 - the protocol's
        """Do nothing."""
        return nullcontext()

    def record_stage(self, name: str, started_ns: int, ended_ns: int, busy_seconds: float) -> None:
        """Do nothing."""

    def conclude(
        self, outcome: str, facts: Mapping[str, object] | None = None, *, error: str | None = None, reason: str = ""
    ) -> None:
        """Do nothing."""


class SilentTracer:
    """The tracer of a worker that sends no spans."""

    @contextmanager
    def follow(self, claim: Claim, identity: EventIdentity) -> Iterator[EventTrace]:  # noqa: ARG002 - the protocol's
        """A trace that reports nothing."""
        yield SilentTrace(identity)

    def close(self) -> None:
        """Do nothing."""
