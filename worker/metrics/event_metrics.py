"""The metrics of the events that one pool child runs; in multiprocess mode the main process adds up those of all."""

import os
from enum import StrEnum
from pathlib import Path

from worker.metrics.measures import Measures, ShadowMeasures

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus-client keeps the numbers of each process; it reads this when it is first imported."""

_STAGE_SECONDS = (0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14_400, 86_400)
_PROBABILITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)
_BATCH_IMAGES = (1, 2, 4, 8, 16, 32, 64, 96, 128, 256)


class HandBack(StrEnum):
    """Why an event was given back unfinished."""

    POSTPONED = "postponed"
    """Its store is away."""
    DRAINED = "drained"
    """The worker ended."""
    PARKED = "parked"
    """As many events of its source run as may."""


class EventMetrics:
    """Counters and histograms, described in docs/metrics.md; create it after the fork."""

    def __init__(self) -> None:
        # Imported here because the folder must be known before.
        from prometheus_client import CollectorRegistry, Counter, Histogram  # noqa: PLC0415 - see above

        self.registry = registry = CollectorRegistry()

        def count(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"offsample_{name}", text, labels, registry=registry)

        self._claims = count("event_claims", "Events claimed, repeated attempts included.", "attempt")
        self._events = count("events", "Events that a worker finished, by their outcome.", "outcome")
        self._rejections = count("event_rejections", "Rejections by error code.", "error")
        self._handed_back = count("events_handed_back", "Events given back unfinished, by reason.", "reason")
        self._fenced = count("events_fenced", "Events that were lost to another worker, or cancelled while they ran.")
        self._messages = count("result_messages", "Messages published to the results stream.")
        self._images = count("ion_images", "Ion images by status.", "release", "status")
        self._off = count("off_sample_ion_images", "Classified ion images with the label off.", "release")
        self._uncertain = count("uncertain_ion_images", "Classified ion images in the uncertain band.", "release")
        self._without_mask = count(
            "ion_images_without_mask",
            "Classified ion images without an unmeasured pixel: no mask was given.",
            "release",
        )
        self._without_context = count(
            "events_without_context", "Events of a context release whose dataset showed no context.", "release"
        )
        self._shadow_failed = count("shadow_failures", "Answered events that the shadow release failed on.", "shadow")
        shadow_labels = ("release", "shadow")
        self._shadow_images = count(
            "shadow_ion_images", "Ion images that the shadow release classified too.", *shadow_labels
        )
        self._shadow_others = count(
            "shadow_other_label_ion_images", "Those of them with another label.", *shadow_labels
        )
        self._shadow_difference = count(
            "shadow_probability_difference", "Sum of the absolute differences of their probabilities.", *shadow_labels
        )
        self._probability = Histogram(
            "offsample_off_sample_probability",
            "Off-sample probability of classified ion images.",
            ["release"],
            buckets=_PROBABILITIES,
            registry=registry,
        )
        self._stages = Histogram(
            "offsample_stage_seconds",
            "Time of one event in each stage; fetch and preprocess overlap with predict.",
            ["stage"],
            buckets=_STAGE_SECONDS,
            registry=registry,
        )
        self._batches = Histogram(
            "offsample_batch_ion_images",
            "Ion images per call of the predictor.",
            buckets=_BATCH_IMAGES,
            registry=registry,
        )

    def count_claim(self, deliveries: int) -> None:
        """An event was claimed, for the first time or again."""
        self._claims.labels("first" if deliveries == 1 else "repeated").inc()

    def count_finished(self, outcome: str, messages: int, publish_seconds: float, error: str | None) -> None:
        """An event was answered.

        Parameters
        ----------
        outcome
            The name of the event's log line: dataset_classified, event_repeated, event_rejected, event_dead_lettered.
        error
            Code of a rejection.
        """
        self._events.labels(outcome.partition("_")[2]).inc()
        self._messages.inc(messages)
        self._stages.labels("publish").observe(publish_seconds)
        if error is not None:
            self._rejections.labels(error).inc()

    def count_handed_back(self, reason: HandBack, events: int = 1) -> None:
        """Events were given back unfinished."""
        self._handed_back.labels(reason.value).inc(events)

    def count_fenced(self) -> None:
        """An event was lost while it ran."""
        self._fenced.inc()

    def observe(self, measures: Measures) -> None:
        """A dataset was classified."""
        release, counts = measures.release, measures.counts
        self._stages.labels("queue").observe(measures.queued_seconds)
        self._stages.labels("fetch").observe(measures.fetch_seconds)
        self._stages.labels("preprocess").observe(measures.preprocess_seconds)
        self._stages.labels("predict").observe(measures.predict_seconds)
        for images in measures.batches:
            self._batches.observe(images)
        for status in ("classified", "no_signal", "unreadable"):
            self._images.labels(release, status).inc(getattr(counts, status))
        self._off.labels(release).inc(counts.off)
        self._uncertain.labels(release).inc(counts.uncertain)
        self._without_mask.labels(release).inc(measures.without_mask)
        self._without_context.labels(release).inc(int(measures.lacks_context))
        probability = self._probability.labels(release)
        for one in measures.probabilities:
            probability.observe(one)

    def count_shadow_failed(self, shadow: str) -> None:
        """The shadow release could not classify an answered event."""
        self._shadow_failed.labels(shadow).inc()

    def observe_shadow(self, measures: ShadowMeasures) -> None:
        """The shadow release classified an answered event too."""
        labels = measures.release, measures.shadow
        self._shadow_images.labels(*labels).inc(measures.compared)
        self._shadow_others.labels(*labels).inc(measures.other_label)
        self._shadow_difference.labels(*labels).inc(measures.difference)


def use_folder(folder: Path | None) -> None:
    """Share the numbers of this process and its children in a folder, or not at all; call it before metrics exist."""
    os.environ.pop(FOLDER_VARIABLE, None)  # another program's, perhaps
    if folder is not None:
        os.environ[FOLDER_VARIABLE] = str(folder)
