"""What one worker does and needs, to size a deployment: `python benchmarks/sizing.py`.

The demo's events through a real queue, with a server that writes every change to its disk, against the same ion images
in one process without a queue.
"""

import statistics
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from live_queue import EVENT, IONS, list_processes, read_cpu_seconds, run_events, running_worker, send_events, wait_for
from measuring import print_machine
from redis import Redis

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine
from model_store.release import open_release
from shared.files.foreign_file import OpenedFolder
from shared.limits import Limits
from worker.access.allowed_roots import AllowedRoots
from worker.classification.classification import classify
from worker.cli.embedded_server import embedded_server
from worker.client.results_stream import ResultsStream
from worker.ledger.names import Names
from worker.server.connection import connect
from worker.sources.png_folder import PngFolder

EVENTS, ROUNDS, BACKLOG = 20, 5, 200
NAMESPACE = "sizing"


def classify_without_queue() -> None:
    """The ion images of as many events, in this process."""
    folder = Path(EVENT.data.ion_images.uri)
    for _ in range(EVENTS):
        source = PngFolder(OpenedFolder.at(folder), AllowedRoots((folder,)), Limits(), threads=2)
        classify(source, EVENT.data.annotations or [], predictor)


def seconds_of(run: partial[None]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def read_private_mebibytes(pid: int) -> float:
    """Memory that one process shares with no other."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private")) / 1024


def read_server_bytes(server: Redis) -> int:
    return int(server.info("memory")["used_memory_dataset"])


def delete_results(server: Redis) -> None:
    """Delete all results, and wait for the server, which frees them in the background."""
    server.delete(Names(NAMESPACE).results)
    time.sleep(1)


print_machine()
predictor = open_predictor(open_release(), Engine.ONNX)
with TemporaryDirectory(prefix="offs-") as temporary, embedded_server(Path(temporary)) as url:
    server = connect(url)
    with running_worker(url, NAMESPACE, Path(temporary) / "worker.log", OFFSAMPLE_ENGINE="onnx") as worker:
        through_queue = partial(run_events, server, NAMESPACE, EVENTS)
        without_queue = partial(classify_without_queue)
        through_queue()
        without_queue()
        used = read_cpu_seconds(worker)
        pairs = [(seconds_of(without_queue), seconds_of(through_queue)) for _ in range(ROUNDS)]
        used = read_cpu_seconds(worker) - used
        memory = [read_private_mebibytes(pid) for pid in list_processes(worker)]
    images = EVENTS * IONS
    ratios = sorted(queue / plain for plain, queue in pairs)
    queue_seconds = statistics.median(queue for _, queue in pairs)
    print(f"release {predictor.release.version}, one worker with one child, events of {IONS} ion images")
    print(f"  through the queue {images / queue_seconds:,.0f} ion images/s, {EVENTS / queue_seconds:.1f} events/s")
    print(
        f"  time against the same without a queue: {statistics.median(ratios):.2f} (from {ratios[0]:.2f} to"
        f" {ratios[-1]:.2f}, {ROUNDS} pairs)"
    )
    print(f"  {1000 * used / (images * ROUNDS):.2f} CPU seconds for 1,000 ion images")
    print(f"  private memory: main process {memory[0]:.0f} MiB, child {max(memory[1:]):.0f} MiB")
    delete_results(server)
    before = read_server_bytes(server)
    waiting = send_events(server, NAMESPACE, BACKLOG)
    with_backlog = read_server_bytes(server)
    since = ResultsStream(server, Names(NAMESPACE)).newest_id()
    with running_worker(url, NAMESPACE, Path(temporary) / "again.log", OFFSAMPLE_ENGINE="onnx"):
        wait_for(server, NAMESPACE, waiting, since)
    with_results = read_server_bytes(server)
    delete_results(server)
    done = read_server_bytes(server)
    print(f"server memory, {BACKLOG} events of {IONS} annotations:")
    print(f"  waiting: {(with_backlog - before) / BACKLOG / 1024:.1f} KiB an event, its list of annotations included")
    print(f"  results: {(with_results - done) / (BACKLOG * IONS):.0f} bytes an ion image, until they are trimmed")
    print(f"  done records: {(done - before) / BACKLOG / 1024:.1f} KiB an event, for OFFSAMPLE_DONE_SECONDS")
