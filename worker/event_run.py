"""Run one event, from claim to finish."""

import time
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError

from shared.errors import (
    DeadlineExceededError,
    InvalidInputError,
    InvalidMessageError,
    LeaseLostError,
    ReusedEventIdError,
    TooLargeError,
    TooManyDeliveriesError,
    TransientError,
)
from shared.messages.event import DatasetAnnotatedEvent, EventIdentity, parse_event, read_identity
from worker.annotations import list_annotations
from worker.answers import classified_answer, digest_event, rejected_answer, repeated_answer
from worker.classification import classify
from worker.ledger.claim import Answer, Claim, Outcome
from worker.ledger.heartbeat import Heartbeat
from worker.runtime import Runtime
from worker.sources.opening import open_source

_PROGRESS_INTERVAL_SECONDS = 0.5
_FINISH_GRACE_SECONDS = 10.0
_log = structlog.get_logger(__name__)


def run_event(claim: Claim, runtime: Runtime) -> None:
    """Answer the claimed event, exactly once in effect.

    An error of the caller's becomes a `rejected` message. A store that is down or a drain cut short hands the event
    back. A lost lease drops the work, for another worker has it. Anything else is a defect or the deployment's error:
    it propagates, and the event is tried again when its lease has passed.
    """
    deadline = time.monotonic() + runtime.settings.event_timeout_seconds
    identity = EventIdentity() if claim.message is None else read_identity(claim.message)
    with (
        structlog.contextvars.bound_contextvars(event_id=identity.event_id, dataset_id=identity.dataset_id),
        Heartbeat(runtime.ledger, claim, deadline + _FINISH_GRACE_SECONDS) as heartbeat,
    ):
        try:
            answer = _answer(claim, identity, runtime, heartbeat, deadline)
            _finish(claim, answer, runtime, deadline)
        except LeaseLostError as error:
            _log.warning("event_fenced", entry=claim.entry, reason=str(error))
        except TransientError as error:
            heartbeat.stop()
            _hand_back(claim, runtime, runtime.settings.retry_seconds, str(error))
        except SystemExit:
            heartbeat.stop()
            _hand_back(claim, runtime, 0.0, "worker is shutting down")
            raise


def _answer(claim: Claim, identity: EventIdentity, runtime: Runtime, heartbeat: Heartbeat, deadline: float) -> Answer:
    """Classify, repeat or reject."""
    names = runtime.settings.names
    try:
        event = _read_event(claim, runtime)
    except (InvalidMessageError, TooLargeError, TooManyDeliveriesError) as error:
        _log.warning("event_dead_lettered", entry=claim.entry, error=error.code, reason=str(error))
        return rejected_answer(identity, claim, names, error, dead_letter=True)
    try:
        done = runtime.ledger.find_done(names.done(event.source, event.id))
        if done is None:
            return _classify_event(event, claim, runtime, heartbeat, deadline)
        if done.digest != digest_event(event):
            raise ReusedEventIdError(
                f"event {event.id!r} of {event.source!r} was finished before with another content;"
                " right would be a new id for a new run"
            )
        _log.info("event_repeated", entry=claim.entry)
        return repeated_answer(event, names, done)
    except InvalidInputError as error:
        _log.warning("event_rejected", entry=claim.entry, error=error.code, reason=str(error))
        return rejected_answer(identity, claim, names, error, dead_letter=False)


def _read_event(claim: Claim, runtime: Runtime) -> DatasetAnnotatedEvent:
    settings = runtime.settings
    if claim.message_bytes < 0:
        raise InvalidMessageError("entry has no field `message`; right would be one field `message` holding the event")
    if claim.message is None:
        raise TooLargeError(
            f"event is {claim.message_bytes:,} bytes; right would be at most {settings.max_event_bytes:,}"
            " (annotations can go into a file, annotations_uri)"
        )
    if claim.deliveries > settings.max_deliveries:
        raise TooManyDeliveriesError(
            f"event was started {claim.deliveries - 1} times and never finished: its worker died, stalled or failed"
            " each time; right would be to look into the workers' logs and send it again"
        )
    return parse_event(claim.message)


def _classify_event(
    event: DatasetAnnotatedEvent, claim: Claim, runtime: Runtime, heartbeat: Heartbeat, deadline: float
) -> Answer:
    started = time.perf_counter()
    predictor = runtime.predictors.find(event.data.release)
    source = open_source(event.data.ion_images, runtime.access)
    annotations = list_annotations(event.data, source, runtime.access)
    on_progress = _watch(claim, runtime, heartbeat, deadline, len(annotations))
    found = classify(source, annotations, predictor, threshold=event.data.threshold, on_progress=on_progress)
    seconds = time.perf_counter() - started
    _log.info(
        "dataset_classified",
        entry=claim.entry,
        release=predictor.release.version,
        engine=predictor.engine.value,
        deliveries=claim.deliveries,
        queued_seconds=round(claim.queued_seconds, 3),
        total_seconds=round(seconds, 3),
        predict_seconds=round(found.predict_seconds, 3),
        **found.counts.model_dump(),
    )
    return classified_answer(event, claim, runtime.settings.names, found, predictor, seconds)


def _watch(claim: Claim, runtime: Runtime, heartbeat: Heartbeat, deadline: float, total: int) -> Callable[[int], None]:
    """What to do between images: mind lease and deadline, and leave word of the progress now and then."""
    next_word = time.monotonic()

    def on_progress(done: int) -> None:
        nonlocal next_word
        heartbeat.require_lease()
        now = time.monotonic()
        if now > deadline:
            raise DeadlineExceededError(
                f"event took longer than {runtime.settings.event_timeout_seconds:g} s ({done} of {total} ion images"
                " done); right would be a smaller event, or a larger OFFSAMPLE_EVENT_TIMEOUT_SECONDS"
            )
        if now >= next_word:
            next_word = now + _PROGRESS_INTERVAL_SECONDS
            try:
                runtime.ledger.report_progress(claim, done, total)
            except RedisError as error:
                _log.debug("progress_not_reported", error=str(error))

    return on_progress


def _finish(claim: Claim, answer: Answer, runtime: Runtime, deadline: float) -> None:
    """Publish; when another entry of the same event was finished meanwhile, answer as a repeat."""
    give_up_at = deadline + _FINISH_GRACE_SECONDS
    outcome, done = runtime.ledger.finish(claim, answer, give_up_at=give_up_at)
    if outcome is Outcome.DUPLICATE and done is not None:
        repeat = Answer(done_key=answer.done_key, messages=[done.closing])
        runtime.ledger.finish(claim, repeat, give_up_at=give_up_at)
    if outcome is Outcome.FENCED:
        raise LeaseLostError(f"lease of {claim.entry} was lost before its results were published")
    _log.info("event_finished", entry=claim.entry, outcome=outcome.value)


def _hand_back(claim: Claim, runtime: Runtime, delay_seconds: float, reason: str) -> None:
    try:
        held = runtime.ledger.hand_back(claim, delay_seconds)
    except RedisError as error:
        _log.warning("event_not_handed_back", entry=claim.entry, reason=reason, error=str(error))
        return
    _log.warning("event_handed_back", entry=claim.entry, reason=reason, held=held)
