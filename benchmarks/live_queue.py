"""A worker on a queue of its own, for benchmarks: started, given events, and measured."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from redis import Redis

from worker.cli.demo import read_demo_dataset
from worker.client.producer import send_event
from worker.client.results_stream import ResultsStream
from worker.ledger.names import Names

EVENT = read_demo_dataset().event
IONS = len(EVENT.data.annotations or [])
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def running_worker(url: str, namespace: str, log: Path, **variables: str) -> Iterator[int]:
    """Run a worker on the queue of a namespace; yields its pid."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OFFSAMPLE_", "OTEL_"))}
    environment |= variables | {
        "OFFSAMPLE_REDIS_URL": url,
        "OFFSAMPLE_NAMESPACE": namespace,
        "OFFSAMPLE_CONCURRENCY": "1",
    }
    environment["OFFSAMPLE_ALLOWED_ROOTS"] = str(Path(EVENT.data.ion_images.uri))
    command = [sys.executable, "-m", "worker.cli.main", "worker"]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment, stdout=output, stderr=output) as process,  # noqa: S603 - ourselves
    ):
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def send_events(server: Redis, namespace: str, count: int) -> set[str]:
    """Send the demo's event that often, under new ids, and return these."""
    events = [EVENT.model_copy(update={"id": str(uuid4())}) for _ in range(count)]
    for event in events:
        send_event(server, Names(namespace), event)
    return {event.id for event in events}


def run_events(server: Redis, namespace: str, count: int) -> None:
    """Send events to one queue, and wait for their closing messages."""
    results = ResultsStream(server, Names(namespace))
    since = results.newest_id()
    wait_for(server, namespace, send_events(server, namespace, count), since)


def wait_for(server: Redis, namespace: str, waiting: set[str], since: str) -> None:
    """Wait for the closing messages of events, among the results after the entry `since`."""
    for messages in ResultsStream(server, Names(namespace)).follow(since):
        waiting = waiting - {message.data.event_id for message in messages if hasattr(message.data, "counts")}
        if not waiting:
            return


def list_processes(pid: int) -> list[int]:
    """A worker's main process and its children."""
    children = [child for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]
    return [pid, *map(int, children)]


def read_cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and its children so far."""
    fields = [Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in list_processes(pid)]
    return sum(int(field[11]) + int(field[12]) for field in fields) / _TICKS
