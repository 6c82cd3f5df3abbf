"""What probes, metrics, traces and a quota cost: one worker with all of it against one without.

python benchmarks/monitoring.py

Both serve queues of their own on one server, in turn. Metrics are scraped every 15 s, as by the Prometheus of `deploy`.
CPU seconds are those of the worker and its child, so that other programs of the machine disturb them less than they
disturb the time. Takes seven minutes.
"""

import threading
import time
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory

import numpy as np
from live_queue import IONS, read_cpu_seconds, run_events, running_worker
from measuring import print_machine

from worker.cli.embedded_server import embedded_server
from worker.server.connection import connect

EVENTS, ROUNDS, SCRAPE_SECONDS, RESAMPLES = 40, 48, 15.0, 10_000


def scrape_repeatedly(port: int) -> None:
    while True:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            answer.read()
        time.sleep(SCRAPE_SECONDS)


class Collector(BaseHTTPRequestHandler):
    """Takes spans and forgets them."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer one request."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


collector = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=collector.serve_forever, daemon=True).start()
with socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]

with TemporaryDirectory(prefix="offs-") as temporary, embedded_server(Path(temporary)) as url:
    server = connect(url)

    def measure(namespace: str, pid: int) -> tuple[float, float]:
        """Seconds and CPU seconds of the events."""
        started, used = time.perf_counter(), read_cpu_seconds(pid)
        run_events(server, namespace, EVENTS)
        return time.perf_counter() - started, read_cpu_seconds(pid) - used

    print_machine()
    folder = Path(temporary)
    everything = {
        "OFFSAMPLE_HTTP_ADDRESS": str(port),
        "OFFSAMPLE_SOURCE_QUOTA": "8",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
    }
    with (
        running_worker(url, "plain", folder / "plain.log") as plain,
        running_worker(url, "watched", folder / "watched.log", **everything) as watched,
    ):
        threading.Thread(target=scrape_repeatedly, args=(port,), daemon=True).start()
        run_events(server, "plain", EVENTS)
        run_events(server, "watched", EVENTS)
        pairs = []
        for turn in range(ROUNDS):
            order = [("plain", plain), ("watched", watched)]
            found = {name: measure(name, pid) for name, pid in (order if turn % 2 else order[::-1])}
            pairs.append((found["plain"], found["watched"]))
    images = EVENTS * IONS
    # (2, ROUNDS, 2): without and with, the pairs, seconds and CPU seconds
    without, with_all = np.asarray(pairs).transpose(1, 0, 2)
    drawn = np.random.default_rng(0).integers(ROUNDS, size=(RESAMPLES, ROUNDS))
    for index, unit in enumerate(("seconds", "CPU seconds")):
        plain, watched = without[:, index], with_all[:, index]
        low, high = np.percentile(watched[drawn].sum(axis=1) / plain[drawn].sum(axis=1), (2.5, 97.5))
        print(f"{unit} for {EVENTS} events of together {images:,} ion images, without any of it: {plain.mean():.2f}")
        print(f"  ratio with all of it: {watched.sum() / plain.sum():.4f} ({low:.4f} to {high:.4f}, {ROUNDS} pairs)")
