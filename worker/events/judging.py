"""Judge an event: classify it, repeat its earlier answer, or reject it."""

from dataclasses import replace

from shared.counting import count_of
from shared.errors import (
    InvalidInputError,
    InvalidMessageError,
    ReusedEventIdError,
    StoreUnavailableError,
    TooLargeError,
    TooManyDeliveriesError,
    TransientError,
)
from worker.access.store_name import name_stores
from worker.events.answers import digest_event, is_about, rejected_answer, repeated_answer
from worker.events.event_classification import classify_event
from worker.events.running_event import EventRun
from worker.events.verdict import Verdict
from worker.ledger.claim import DoneRecord
from worker.memory_limit import reject_memory_errors
from worker.messages.event import DatasetAnnotatedEvent, parse_event
from worker.runtime import Runtime


def judge_event(run: EventRun) -> Verdict:
    """Classify the event, repeat its earlier answer, or reject it."""
    try:
        with reject_memory_errors():
            event = _read_event(run)
    except (InvalidMessageError, TooLargeError, TooManyDeliveriesError) as error:
        return _reject(run, error, dead_letter=True)
    try:
        done = _find_done(event, run)
        if done is None:
            with run.runtime.outages.watch(_name_stores(event, run.runtime), run.claim.entry), reject_memory_errors():
                return classify_event(event, run)
        _require_same_content(done, digest_event(event, done.version))
        run.runtime.ledger.publish_rest(done, run.runtime.settings.names.answers(event.id), give_up_at=run.deadline)
        return Verdict("event_repeated", repeated_answer(event, run.runtime.settings.names, done))
    except InvalidInputError as error:
        return _reject(run, error, dead_letter=False)


def judge_duplicate(run: EventRun, verdict: Verdict, done: DoneRecord) -> Verdict:
    """The verdict when an event of the same id was finished while this one ran."""
    try:
        if verdict.answer.done is not None:
            _require_same_content(done, verdict.answer.done.digest)
    except InvalidInputError as error:
        return _reject(run, error, dead_letter=False)
    return Verdict("event_repeated", replace(verdict.answer, messages=[done.closing], done=None))


def judge_unavailable(run: EventRun, error: TransientError) -> Verdict:
    """The verdict when a store has been unavailable for as long as events are retried."""
    waited, attempts = run.claim.postponed_seconds, count_of(run.claim.postponements + 1, "attempt")
    found = StoreUnavailableError(f"event could not be run in {waited:,.0f} s and {attempts}; last error: {error}")
    return _reject(run, found, dead_letter=True)


def find_stores(run: EventRun) -> str:
    """The stores that the event names; empty for an invalid event."""
    if run.claim.message is None:
        return ""
    try:
        return _name_stores(parse_event(run.claim.message), run.runtime)
    except (InvalidInputError, MemoryError):
        return ""


def _name_stores(event: DatasetAnnotatedEvent, runtime: Runtime) -> str:
    return name_stores(event.data, runtime.settings.allowed_roots, runtime.settings.metaspace_url)


def _find_done(event: DatasetAnnotatedEvent, run: EventRun) -> DoneRecord | None:
    """The record of this event, of the current version or of version 1, whose keys were not unique."""
    names = run.runtime.settings.names
    keys = [names.done(event.source, event.id), names.done_version_1(event.source, event.id)]
    done = run.runtime.ledger.find_done(keys, give_up_at=run.deadline)
    return done if done is not None and is_about(done, event) else None


def _require_same_content(done: DoneRecord, digest: str) -> None:
    if done.digest != digest:
        raise ReusedEventIdError(
            "an event of this id and source with different data was finished before; expected a new id for a new run"
        )


def _reject(run: EventRun, error: InvalidInputError, *, dead_letter: bool) -> Verdict:
    answer = rejected_answer(run.identity, run.claim, run.runtime.settings.names, error, dead_letter=dead_letter)
    name = "event_dead_lettered" if dead_letter else "event_rejected"
    return Verdict(name, answer, {"error": error.code, "reason": str(error)}, is_refusal=True)


def _read_event(run: EventRun) -> DatasetAnnotatedEvent:
    claim, settings = run.claim, run.runtime.settings
    if claim.message_bytes < 0:
        raise InvalidMessageError("expected a field `message` that holds the event, got an entry without it")
    if claim.message is None:
        raise TooLargeError(
            f"expected an event of at most {settings.max_event_bytes:,} bytes, got {claim.message_bytes:,}"
            " (a list of annotations can be a file, annotations_uri)"
        )
    if claim.deliveries > settings.max_deliveries:
        raise TooManyDeliveriesError(
            f"event was started {count_of(claim.deliveries - 1, 'time')} and never finished: its worker died, stalled"
            " or failed each time; check the workers' logs before sending it again"
        )
    return parse_event(claim.message).model_copy(update={"traceparent": run.identity.traceparent})
