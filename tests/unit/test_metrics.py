"""The metrics have the names, types and labels that docs/metrics.md describes."""

import pytest
from documented_metrics import read_metrics

from worker.messages.results import Counts
from worker.metrics.event_metrics import EventMetrics, HandBack
from worker.metrics.measures import Measures, ShadowMeasures
from worker.monitoring.queue_collector import describe_queue
from worker.operators.backlog import PriorityBacklog
from worker.operators.status import QueueStatus, ReadingGroup, ServerMemory, StreamAge

COUNTS = Counts(annotations=6, classified=3, on=1, off=2, uncertain=1, no_signal=2, unreadable=1)
MEASURES = Measures(
    release="2026", counts=COUNTS, queued_seconds=1, fetch_seconds=2, preprocess_seconds=0.1, predict_seconds=3,
    batches=[2, 1], probabilities=[0.1, 0.8, 0.9], without_mask=1, lacks_context=True,
)  # fmt: skip


def record_everything() -> EventMetrics:
    metrics = EventMetrics()
    for deliveries in (1, 2):
        metrics.count_claim(deliveries)
    metrics.count_finished("dataset_classified", 2, 0.01, None)
    metrics.count_finished("event_dead_lettered", 1, 0.01, "too_large")
    for reason in HandBack:
        metrics.count_handed_back(reason)
    metrics.count_fenced()
    metrics.observe(MEASURES)
    metrics.count_shadow_failed("2027")
    for other_label in (1, 2):
        metrics.observe_shadow(ShadowMeasures("2026", "2027", compared=5, other_label=other_label, difference=0.25))
    return metrics


def make_status() -> QueueStatus:
    backlog = PriorityBacklog(
        priority="high", stream="s", waiting=1, released=2, postponed=3, parked=4, next_retry_seconds=None, running=5,
        oldest_seconds=6.0,
    )  # fmt: skip
    return QueueStatus(
        now_ms=0,
        pause=None,
        priorities=[backlog],
        running=[],
        gateway_tasks=1,
        dead_letters=StreamAge(entries=7, oldest_seconds=1.0),
        results=StreamAge(entries=8, oldest_seconds=1.0),
        groups=[ReadingGroup(name="archive", unread=9, unacknowledged=10)],
        memory=ServerMemory(used_bytes=11, max_bytes=12, policy="noeviction"),
        workers=[],
    )


@pytest.mark.parametrize("source", ["worker", "queue"])
def test_every_metric_is_documented_with_type_and_labels(source: str) -> None:
    documented = read_metrics()
    families = record_everything().registry.collect() if source == "worker" else describe_queue(make_status())
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert documented[name].type == family.type
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        assert labels == documented[name].labels, name


def test_the_numbers_of_a_dataset_are_added_up() -> None:
    registry = record_everything().registry

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"offsample_{name}", labels)

    assert value("ion_images_total", release="2026", status="classified") == 3
    assert value("ion_images_total", release="2026", status="no_signal") == 2
    assert value("off_sample_ion_images_total", release="2026") == 2
    assert value("off_sample_probability_sum", release="2026") == pytest.approx(1.8)
    assert value("off_sample_probability_count", release="2026") == 3
    assert value("stage_seconds_sum", stage="predict") == 3
    assert value("batch_ion_images_count") == 2
    assert value("events_total", outcome="dead_lettered") == 1
    assert value("event_rejections_total", error="too_large") == 1
    assert value("result_messages_total") == 3
    assert value("event_claims_total", attempt="repeated") == 1
    assert value("events_without_context_total", release="2026") == 1
    shadow = {"release": "2026", "shadow": "2027"}
    assert value("shadow_ion_images_total", **shadow) == 10
    assert value("shadow_other_label_ion_images_total", **shadow) == 3
    assert value("shadow_probability_difference_total", **shadow) == 0.5


def test_the_backlog_has_a_number_for_each_state() -> None:
    (events,) = [family for family in describe_queue(make_status()) if family.name == "offsample_queue_events"]
    found = {sample.labels["state"]: sample.value for sample in events.samples}
    assert found == {"waiting": 1, "running": 5, "released": 2, "postponed": 3, "parked": 4}
