"""Cancel events that wait or run."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.errors import CancelledError, InvalidInputError, NotFoundError
from shared.progress import ProgressCallback, ignore_progress
from worker.ledger.names import GROUP
from worker.messages.rejection import make_rejection
from worker.messages.results import Tried
from worker.operators.lookup import FoundEntry, Place, find_entries
from worker.operators.queue import Queue


class Cancelled(StrEnum):
    """What became of an entry that was to be cancelled."""

    CANCELLED = "cancelled"
    ANSWERED = "answered"
    """Its answer was decided before."""
    GONE = "gone"
    """It was rejected, or cancelled by somebody else, in the meantime."""


class CancelledEntry(BaseModel):
    """One entry of the event."""

    model_config = ConfigDict(frozen=True)

    entry: str
    event_source: str | None
    dataset_id: str | None
    place: Place
    """Where it was."""
    outcome: Cancelled


def cancel_event(  # noqa: PLR0913 - what one cancellation says
    queue: Queue,
    event_id: str,
    source: str | None,
    *,
    by: str,
    reason: str,
    index_seconds: int,
    on_progress: ProgressCallback = ignore_progress,
) -> list[CancelledEntry]:
    """Cancel every entry of an event: it is rejected with the code `cancelled`, in one step for each entry.

    A worker that runs it notices with its next heartbeat, and drops its work.

    Parameters
    ----------
    by
        Who cancels: a part of the answer.
    index_seconds
        How long the answer can be found by the event's id.

    Raises
    ------
    NotFoundError
        When no event of this id waits or runs.
    InvalidInputError
        When events of several sources have this id.
    """
    entries = list(find_entries(queue, event_id, source, on_progress))
    if not entries:
        raise NotFoundError(
            f"no event {event_id!r}{'' if source is None else f' of {source}'} waits or runs; it was answered, or was"
            f" never sent: `offsample events show {event_id}`"
        )
    sources = sorted({entry.identity.source or "" for entry in entries})
    if len(sources) > 1:
        raise InvalidInputError(f"events of {', '.join(sources)} have the id {event_id!r}; expected --source")
    return [_cancel(queue, entry, by=by, reason=reason, index_seconds=index_seconds) for entry in entries]


def _cancel(queue: Queue, entry: FoundEntry, *, by: str, reason: str, index_seconds: int) -> CancelledEntry:
    names, identity = queue.names, entry.identity
    error = CancelledError(f"event was cancelled{f': {reason}' if reason else ''}; to run it, send it again")
    tried = Tried(deliveries=entry.attempts, stream=entry.stream, entry_id=entry.entry_id, worker=by)
    event_id = identity.event_id or entry.entry
    outcome = queue.scripts.cancel(
        keys=[
            entry.stream,
            entry.held_in or names.postponed(entry.stream),
            names.done(identity.source or "", event_id),
            names.results,
            names.answers(event_id),
            names.outbox(entry.entry),
        ],
        args=[
            GROUP,
            entry.entry_id,
            entry.member,
            index_seconds,
            make_rejection(identity, tried, error).model_dump_json(),
        ],
    )
    return CancelledEntry(
        entry=entry.entry,
        event_source=identity.source,
        dataset_id=identity.dataset_id,
        place=entry.place,
        outcome=Cancelled(outcome.decode()),
    )
