"""The rejection of one event."""

from datetime import UTC, datetime

from shared.errors import InvalidInputError
from worker.messages.event import EventIdentity
from worker.messages.results import DatasetRejected, Rejection, Tried


def answer_source(event_source: str | None) -> str:
    """`source` of an answer; it includes the event's source, so that (source, id) is unique."""
    return f"offsample:{event_source or ''}"


def make_rejection(identity: EventIdentity, tried: Tried, error: InvalidInputError) -> DatasetRejected:
    """The message that says why an event is not classified; its id contains the entry's, for it may be sent again."""
    event_id = identity.event_id or f"{tried.stream}/{tried.entry_id}"
    return DatasetRejected(
        id=f"{event_id}/rejected/{tried.entry_id}",
        source=answer_source(identity.source),
        subject=identity.dataset_id,
        time=datetime.now(UTC),
        traceparent=identity.traceparent,
        data=Rejection(
            event_id=identity.event_id,
            event_source=identity.source,
            dataset_id=identity.dataset_id,
            error=error.code,
            message=str(error),
            tried=tried,
        ),
    )
