"""The drift of recent datasets from the reference of their release, for Prometheus."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from model_store.reference import Reference
from model_store.release import open_release
from shared.errors import ReleaseError, UnknownReleaseError
from worker.operators.drift import Drift
from worker.operators.queue import Queue
from worker.operators.recent_profiles import WINDOW_DATASETS, compare_with_reference, read_recent_profiles

_READ_DATASETS = 2 * WINDOW_DATASETS
"""Of all releases together: a scrape takes a few milliseconds."""


class DriftCollector(Collector):
    """Queries the server at every scrape, like `QueueCollector`; if there is no reply, its metrics are left out."""

    def __init__(self, queue: Queue, releases_root: Path) -> None:
        self._queue = queue
        self._find_reference = lru_cache(maxsize=8)(lambda release: _find_reference(release, releases_root))

    def describe(self) -> Iterator[Metric]:
        """Nothing: the server is not asked before the first scrape."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Every release of which datasets were classified, and whose reference is here."""
        try:
            recent = read_recent_profiles(self._queue.server, self._queue.names, _READ_DATASETS)
        except RedisError:
            return
        found = []
        for release in sorted({one.release for one in recent}):
            reference = self._find_reference(release)
            if reference is not None:
                found.append(compare_with_reference(release, recent, reference))
        yield from describe_drift(found)


def describe_drift(drifts: list[Drift]) -> Iterator[Metric]:
    """The metrics of drift, which are the same on every worker."""
    datasets = GaugeMetricFamily(
        "offsample_drift_datasets",
        "Recent datasets that are compared with the release's reference.",
        labels=["release"],
    )
    p_value = GaugeMetricFamily(
        "offsample_drift_p_value",
        "Two-sample test of recent datasets against the reference, corrected; absent with few datasets.",
        labels=["release", "feature"],
    )
    for drift in drifts:
        datasets.add_metric([drift.release], drift.datasets)
        for one in drift.features:
            p_value.add_metric([drift.release, one.feature], one.p_value)
    yield from (datasets, p_value)


def _find_reference(release: str, releases_root: Path) -> Reference | None:
    """The reference of an installed release; None when it is not installed here, or has none that is intact."""
    try:
        return open_release(release, releases_root).find_reference()
    except (UnknownReleaseError, ReleaseError):
        return None
