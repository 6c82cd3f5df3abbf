"""The metrics of the queue and of this worker's main process, read when Prometheus asks for them."""

import platform
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from worker.ledger.presence import WorkerReport
from worker.monitoring.vitals import Vitals
from worker.operators.queue import Queue
from worker.operators.status import QueueStatus, read_status


class QueueCollector(Collector):
    """Queries the server at every scrape; without a reply `offsample_server_up` is 0, and the rest is left out."""

    def __init__(self, queue: Queue, vitals: Vitals, report: WorkerReport) -> None:
        self._queue = queue
        self._vitals = vitals
        self._report = report

    def describe(self) -> Iterator[Metric]:
        """Nothing: the server is not asked before the first scrape."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Everything at this moment."""
        yield from self._describe_worker()
        try:
            status = read_status(self._queue)
        except RedisError:
            yield _gauge("server_up", "Whether the server serves this worker.", 0)
            return
        is_serving = self._vitals.outage.reason is None
        yield _gauge("server_up", "Whether the server serves this worker.", int(is_serving))
        yield from describe_queue(status)

    def _describe_worker(self) -> Iterator[Metric]:
        report, vitals = self._report, self._vitals
        build = {"version": report.version, "python": platform.python_version()}
        yield InfoMetricFamily("offsample_build", "Versions of the code and of Python.", build)
        release = {"release": vitals.active_release or report.release, "engine": report.engine}
        yield InfoMetricFamily("offsample_release", "The release for events that name none, and what runs it.", release)
        problem = vitals.release_problem is not None
        yield _gauge("active_release_unusable", "Whether the active release cannot be used here.", int(problem))
        yield _gauge("worker_children", "Pool children that there should be.", report.concurrency)
        yield _gauge("worker_children_ready", "Pool children that can run an event.", vitals.count_ready())
        yield _gauge("worker_ready", "Whether this worker takes events: its /readyz.", int(not vitals.why_not_ready()))


def describe_queue(status: QueueStatus) -> Iterator[Metric]:
    """The metrics of the queue, which are the same on every worker."""
    labels = ["priority", "state"]
    events = GaugeMetricFamily("offsample_queue_events", "Events that are not answered.", labels=labels)
    oldest = GaugeMetricFamily(
        "offsample_queue_oldest_seconds", "Age of the oldest event that is not answered.", labels=["priority"]
    )
    for one in status.priorities:
        for state in ("waiting", "running", "released", "postponed", "parked"):
            events.add_metric([one.priority, state], getattr(one, state))
        oldest.add_metric([one.priority], one.oldest_seconds or 0.0)
    yield from (events, oldest)
    silent = max((run.silent_seconds for run in status.running), default=0.0)
    yield _gauge("queue_silent_seconds", "Longest time since the heartbeat of a running event.", silent)
    yield _gauge("queue_paused", "Whether the intake is paused.", int(status.pause is not None))
    yield _gauge("gateway_tasks", "Events of Celery applications that wait for the gateway.", status.gateway_tasks)
    yield _gauge("dead_letters", "Dead letters.", status.dead_letters.entries)
    yield _gauge("results", "Messages in the results stream.", status.results.entries)
    yield from _describe_groups(status)
    yield _gauge("server_memory_bytes", "Memory that the server uses.", status.memory.used_bytes)
    yield _gauge("server_memory_limit_bytes", "maxmemory of the server; 0 = none.", status.memory.max_bytes)
    alive = sum(worker.is_alive for worker in status.workers)
    yield _gauge("workers_alive", "Workers that reported in the last seconds.", alive)


def _describe_groups(status: QueueStatus) -> Iterator[Metric]:
    unread = GaugeMetricFamily(
        "offsample_results_unread", "Results not delivered to a group; absent where unknown.", labels=["group"]
    )
    held = GaugeMetricFamily(
        "offsample_results_unacknowledged", "Results delivered to a group and not acknowledged.", labels=["group"]
    )
    for group in status.groups:
        if group.unread is not None:
            unread.add_metric([group.name], group.unread)
        held.add_metric([group.name], group.unacknowledged)
    yield from (unread, held)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"offsample_{name}", text, value=value)
