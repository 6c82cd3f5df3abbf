"""How long an event waits behind events that cannot run, against an empty queue: `python benchmarks/backlog.py`.

One worker with one pool child, one server. The others name a root that does not exist any more.
"""

import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from measuring import print_machine

from worker.cli.demo import read_demo_dataset
from worker.cli.embedded_server import embedded_server
from worker.client.producer import send_event
from worker.client.results_stream import ResultsStream
from worker.ledger.names import Names
from worker.messages.event import DatasetAnnotatedEvent, PngIonImages
from worker.server.connection import connect

VANISHED_EVENTS, ROUNDS = 3000, 5
READY_SECONDS = 60.0
EVENT = read_demo_dataset().event


def make_event(folder: Path) -> DatasetAnnotatedEvent:
    data = EVENT.data.model_copy(update={"ion_images": PngIonImages(kind="png", uri=str(folder))})
    return EVENT.model_copy(update={"id": str(uuid4()), "data": data})


with TemporaryDirectory(prefix="offs-") as temporary, embedded_server(Path(temporary)) as url:
    server, names = connect(url), Names()
    results = ResultsStream(server, names)
    images = Path(EVENT.data.ion_images.uri)
    root = Path(temporary) / "root"
    root.mkdir()

    def measure_seconds() -> float:
        """From sending an event of the demo's 79 ion images to its closing message."""
        event, since = make_event(images), results.newest_id()
        started = time.perf_counter()
        send_event(server, names, event)
        for messages in results.follow(since):
            if any(message.data.event_id == event.id and hasattr(message.data, "counts") for message in messages):
                break
        return time.perf_counter() - started

    print_machine()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OFFSAMPLE_")}
    environment |= {"OFFSAMPLE_REDIS_URL": url, "OFFSAMPLE_ALLOWED_ROOTS": f"{root}:{images}"}
    command = [sys.executable, "-m", "worker.cli.main", "worker"]
    with (
        (Path(temporary) / "worker.log").open("wb") as log,
        subprocess.Popen(  # noqa: S603 - this interpreter and this package
            command, env=environment | {"OFFSAMPLE_CONCURRENCY": "1"}, stdout=log, stderr=log
        ) as worker,
    ):
        measure_seconds()
        alone = [measure_seconds() for _ in range(ROUNDS)]
        root.rmdir()
        for _ in range(VANISHED_EVENTS):
            send_event(server, names, make_event(root / "dataset"))
        behind = [measure_seconds() for _ in range(ROUNDS)]
        worker.send_signal(signal.SIGTERM)
    usual, first, later = statistics.median(alone), behind[0], statistics.median(behind[1:])
    print(f"event of {len(list(images.iterdir()))} ion images, seconds from sending to closing message:")
    print(f"  alone: {usual:.3f} (median of {ROUNDS})")
    print(f"  right behind {VANISHED_EVENTS:,} events of a vanished root: {first:.3f}, then {later:.3f}")
    print(f"  ratio: {first / usual:.1f}x, then {later / usual:.1f}x")
