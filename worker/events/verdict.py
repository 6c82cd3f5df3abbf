"""The answer to an event: its classification, a repeat of an earlier answer, or a rejection."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from redis.exceptions import RedisError

from model_store.predictors.predictor import Predictor
from shared.errors import (
    DeadlineExceededError,
    InvalidInputError,
    InvalidMessageError,
    ReusedEventIdError,
    StoreUnavailableError,
    TooLargeError,
    TooManyDeliveriesError,
    TransientError,
)
from worker.access.store_name import name_stores
from worker.classification.classification import Classification, classify
from worker.classification.stages import Stages
from worker.events.annotations import list_annotations
from worker.events.answers import classified_answer, digest_event, is_about, rejected_answer, repeated_answer
from worker.events.event_report import open_event_report
from worker.events.shadow_run import ClassifiedEvent
from worker.ledger.claim import Answer, Claim, DoneRecord
from worker.ledger.heartbeat import Heartbeat
from worker.memory_limit import reject_memory_errors
from worker.messages.event import DatasetAnnotatedEvent, EventIdentity, parse_event
from worker.metrics.measures import Measures
from worker.runtime import Runtime
from worker.sources.opening import open_source
from worker.tracing.tracer import EventTrace

_PROGRESS_INTERVAL_SECONDS = 0.5
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class EventRun:
    """One event while it runs."""

    claim: Claim
    identity: EventIdentity
    runtime: Runtime
    heartbeat: Heartbeat
    deadline: float
    """`time.monotonic()` at which the event must be done."""
    trace: EventTrace


@dataclass(frozen=True)
class Verdict:
    """The answer, and the name and values of the event's log line."""

    name: str
    answer: Answer
    facts: dict[str, Any] = field(default_factory=dict)
    is_refusal: bool = False
    measures: Measures | None = None
    """Of a classified dataset."""
    classified: ClassifiedEvent | None = None

    @property
    def error(self) -> str | None:
        """Code of a rejection."""
        return self.facts.get("error")

    @property
    def reason(self) -> str:
        """Sentence of a rejection."""
        return str(self.facts.get("reason", ""))


class ProgressMonitor:
    """Checks lease and deadline while an event runs, and reports its progress twice a second."""

    def __init__(self, run: EventRun) -> None:
        self.total = 0
        """Annotations of the event, once they are known."""

        self._run = run
        self._reached = "nothing done yet"
        self._next_report = time.monotonic()

    def on_work(self, what: str, done: int, total: int) -> None:
        """Called while a source prepares its first ion image."""
        self._reached = f"{what}: {done / max(total, 1):.0%}"
        self._require_time()

    def on_progress(self, done: int) -> None:
        """Called between images and while waiting for them."""
        if done:
            self._reached = f"{done} of {self.total} ion images done"
        self._require_time()
        now = time.monotonic()
        if now < self._next_report:
            return
        self._next_report = now + _PROGRESS_INTERVAL_SECONDS
        try:
            self._run.runtime.ledger.hints.report_progress(self._run.claim, done, self.total)
        except RedisError as error:
            _log.debug("progress_not_reported", error=str(error))

    def _require_time(self) -> None:
        self._run.heartbeat.require_lease()
        if time.monotonic() > self._run.deadline:
            limit = self._run.runtime.settings.event_timeout_seconds
            raise DeadlineExceededError(
                f"event took longer than {limit:g} s ({self._reached}); send a smaller event, or increase"
                " OFFSAMPLE_EVENT_TIMEOUT_SECONDS"
            )


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
                return _classify_event(event, run)
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
    waited = run.claim.postponed_seconds
    found = StoreUnavailableError(
        f"event could not be run in {waited:,.0f} s and {run.claim.postponements + 1:,} attempts; last error: {error}"
    )
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
            f"event was started {claim.deliveries - 1} times and never finished: its worker died, stalled or failed"
            " each time; check the workers' logs before sending it again"
        )
    return parse_event(claim.message).model_copy(update={"traceparent": run.identity.traceparent})


def _classify_event(event: DatasetAnnotatedEvent, run: EventRun) -> Verdict:
    started = time.perf_counter()
    runtime = run.runtime
    predictor = runtime.find_predictor(event.data.release)
    watch = ProgressMonitor(run)
    access = replace(runtime.access, watch=watch.on_work)
    with ExitStack() as stack:
        report = stack.enter_context(open_event_report(event.data, runtime.settings.report_root))
        with run.trace.step("open"):
            source = stack.enter_context(open_source(event.data.ion_images, access))
            annotations = list_annotations(event.data, source, access)
        watch.total = len(annotations)
        recorded = source if report is None else report.record(source, len(annotations))
        stages = stack.enter_context(_traced_stages(run.trace))
        threshold = event.data.threshold
        found = classify(
            recorded, annotations, predictor, threshold=threshold, on_progress=watch.on_progress, stages=stages
        )
        if report is not None:
            with run.trace.step("report"):
                report.write(annotations, found, predictor, source.notes, watch.on_work)
    seconds = time.perf_counter() - started
    facts = {
        "release": predictor.release.version,
        "engine": predictor.engine.value,
        "queued_seconds": round(run.claim.queued_seconds, 3),
        "total_seconds": round(seconds, 3),
        "predict_seconds": round(found.stages.predict.seconds, 3),
        **found.counts.model_dump(),
        **({"assessment": found.assessment} if found.assessment else {}),
        **({"notes": list(source.notes)} if source.notes else {}),
    }
    answer = classified_answer(event, run.claim, runtime.settings.names, found, predictor, seconds)
    measures = _measure(found, predictor, run.claim)
    classified = ClassifiedEvent(event.data, predictor.release.version, found)
    return Verdict("dataset_classified", answer, facts, measures=measures, classified=classified)


@contextmanager
def _traced_stages(trace: EventTrace) -> Iterator[Stages]:
    """Stages that are reported at the end, those of a run that fails too."""
    stages = Stages()
    try:
        yield stages
    finally:
        for name, stage in (("fetch", stages.fetch), ("preprocess", stages.preprocess), ("predict", stages.predict)):
            if stage.started_ns:
                trace.record_stage(name, stage.started_ns, stage.ended_ns, stage.seconds)


def _measure(found: Classification, predictor: Predictor, claim: Claim) -> Measures:
    return Measures(
        release=predictor.release.version,
        counts=found.counts,
        queued_seconds=claim.queued_seconds,
        fetch_seconds=found.stages.fetch.seconds,
        preprocess_seconds=found.stages.preprocess.seconds,
        predict_seconds=found.stages.predict.seconds,
        batches=found.batches,
        probabilities=[row.off_sample_probability for row in found.rows if row.off_sample_probability is not None],
        without_mask=sum(
            row.status == "classified" and found.extents[row.annotation_id].acquired_share == 1 for row in found.rows
        ),
        lacks_context=predictor.release.manifest.sees_datasets and found.off_sample_area is None,
        profile=found.make_profile(predictor.release.manifest.threshold),
    )
