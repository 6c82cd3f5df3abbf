"""Classify an answered event once more, with the shadow release, and log and count where it differs."""

import time
from dataclasses import dataclass

import structlog

from shared.errors import DeadlineExceededError, OffSampleError
from worker.classification.classification import Classification, classify
from worker.classification.release_comparison import ReleaseComparison, compare_classifications
from worker.events.annotations import list_annotations
from worker.events.running_event import EventRun
from worker.memory_limit import reject_memory_errors
from worker.messages.event import DatasetAnnotated
from worker.metrics.measures import ShadowMeasures
from worker.sources.opening import open_source

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ClassifiedEvent:
    """What an event asked for, and what its answer says."""

    data: DatasetAnnotated
    release: str
    found: Classification


def run_shadow(run: EventRun, classified: ClassifiedEvent) -> None:
    """Compare with the shadow release, if there is one; whatever fails changes nothing about the answer.

    The ion images are read again, within the time that the event had.
    """
    shadow = run.runtime.shadow_release.choose()
    if shadow is None or shadow == classified.release:
        return
    run.heartbeat.stop()
    started = time.perf_counter()
    try:
        with run.trace.step("shadow"), reject_memory_errors():
            comparison = _compare(run, classified, shadow)
    except (OffSampleError, OSError) as error:
        run.runtime.metrics.count_shadow_failed(shadow)
        _log.warning("shadow_failed", shadow=shadow, reason=str(error))
        return
    run.runtime.metrics.observe_shadow(_measure(comparison))
    _log.info(
        "shadow_compared",
        release=classified.release,
        shadow=shadow,
        shadow_seconds=round(time.perf_counter() - started, 3),
        **comparison.model_dump(include={"compared", "other_label", "mean_difference", "rank_correlation"}),
    )


def _measure(comparison: ReleaseComparison) -> ShadowMeasures:
    return ShadowMeasures(
        release=comparison.first.release,
        shadow=comparison.second.release,
        compared=comparison.compared,
        other_label=comparison.other_label,
        difference=sum(ion.difference for ion in comparison.ions),
    )


def _compare(run: EventRun, classified: ClassifiedEvent, shadow: str) -> ReleaseComparison:
    runtime, data = run.runtime, classified.data

    def require_time(*_: object) -> None:
        if time.monotonic() > run.deadline:
            raise DeadlineExceededError("event and its shadow took longer than OFFSAMPLE_EVENT_TIMEOUT_SECONDS")

    predictor = runtime.predictors.find(shadow)
    with open_source(data.ion_images, runtime.access) as source:
        annotations = list_annotations(data, source, runtime.access).annotations
        found = classify(source, annotations, predictor, threshold=data.threshold, on_progress=require_time)
    return compare_classifications(data.dataset_id, (classified.release, shadow), (classified.found, found))
