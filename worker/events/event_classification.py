"""The classification of one event, from opening its source to its answer."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import structlog
from redis.exceptions import RedisError

from model_store.predictors.predictor import Predictor
from shared.errors import DeadlineExceededError
from worker.classification.classification import CLASSIFYING, READING, Classification, classify
from worker.classification.stages import Stages
from worker.events.annotations import list_annotations
from worker.events.answers import classified_answer
from worker.events.event_report import open_event_report
from worker.events.running_event import EventRun
from worker.events.shadow_run import ClassifiedEvent
from worker.events.verdict import Verdict
from worker.ledger.claim import Claim
from worker.messages.event import DatasetAnnotatedEvent
from worker.metrics.measures import Measures
from worker.sources.opening import open_source
from worker.tracing.tracer import EventTrace

_PROGRESS_INTERVAL_SECONDS = 0.5
_log = structlog.get_logger(__name__)


class ProgressMonitor:
    """Checks lease and deadline while an event runs, and reports its progress twice a second."""

    def __init__(self, run: EventRun) -> None:
        self._run = run
        self._reached = "nothing done yet"
        self._next_report = time.monotonic()
        self._read_first = False

    def on_work(self, what: str, done: int, total: int) -> None:
        """Called while a source prepares its first ion image."""
        self._reached = f"{what}: {done / max(total, 1):.0%}"
        self._require_time()

    def on_progress(self, what: str, done: int, total: int) -> None:
        """Called between images and while waiting for them; what is read first counts for half."""
        self._read_first |= what == READING
        if done:
            self._reached = f"{done} of {total} ion images {'read' if what == READING else 'done'}"
        self._require_time()
        now = time.monotonic()
        if now < self._next_report:
            return
        self._next_report = now + _PROGRESS_INTERVAL_SECONDS
        try:
            reported = (done + (total if what == CLASSIFYING else 0)) // 2 if self._read_first else done
            self._run.runtime.ledger.hints.report_progress(self._run.claim, reported, total)
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


def classify_event(event: DatasetAnnotatedEvent, run: EventRun) -> Verdict:
    """Read, predict and answer; raises what the source, the release and the deadline raise."""
    started = time.perf_counter()
    runtime = run.runtime
    predictor = runtime.find_predictor(event.data.release)
    watch = ProgressMonitor(run)
    access = replace(runtime.access, watch=watch.on_work)
    with ExitStack() as stack:
        report = stack.enter_context(open_event_report(event.data, runtime.settings.report_root))
        with run.trace.step("open"):
            source = stack.enter_context(open_source(event.data.ion_images, access))
            listed = list_annotations(event.data, source, access)
            annotations = listed.annotations
        recorded = source if report is None else report.record(source, len(annotations))
        stages = stack.enter_context(_traced_stages(run.trace))
        threshold = event.data.threshold
        found = classify(
            recorded, annotations, predictor, threshold=threshold, on_progress=watch.on_progress, stages=stages
        )
        notes = (*listed.notes, *source.notes)
        if report is not None:
            with run.trace.step("report"):
                report.write(annotations, found, predictor, notes, watch.on_work)
    seconds = time.perf_counter() - started
    facts = {
        "release": predictor.release.version,
        "engine": predictor.engine.value,
        "queued_seconds": round(run.claim.queued_seconds, 3),
        "total_seconds": round(seconds, 3),
        "predict_seconds": round(found.stages.predict.seconds, 3),
        **found.counts.model_dump(),
        **({"assessment": found.assessment} if found.assessment else {}),
        **({"notes": list(notes)} if notes else {}),
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
        profile=found.profile,
    )
