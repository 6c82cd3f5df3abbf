"""Celery applications that import nothing of this project send events through `offsample gateway`."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

import pytest
import yaml
from command_running import run_process
from documented import CHECKOUT, read_block
from live_service import BLADDER, SHORT_LEASE, LiveServer, LiveService, make_event, wait_until
from live_stores import find_free_port
from secret_making import make_secrets

QUEUE = "offsample:gateway"
LARGEST = 100_000
PRODUCER = f"""
import json, sys
from celery import Celery
app = Celery(broker=sys.argv[1], backend=sys.argv[1])
for event in json.load(sys.stdin):
    sent = app.send_task("offsample.dataset_annotated", [event], json.loads(sys.argv[2]), queue="{QUEUE}")
    try:
        print(sent.get(timeout=60))
    except Exception as error:
        print(type(error).__name__, error)
assert not any(name.partition(".")[0] in ("worker", "shared", "model_store") for name in sys.modules)
"""


@dataclass
class LiveGateway:
    """The process and its log; it may be killed and started again."""

    service: LiveService
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def log_path(self) -> Path:
        return self.service.folder / "gateway.log"

    def start(self) -> None:
        url_file = self.service.folder / "secrets" / "gateway.url"
        settings = {"REDIS_URL_FILE": str(url_file), "HTTP_ADDRESS": "0", "MAX_EVENT_BYTES": str(LARGEST)}
        with self.log_path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "worker.cli.main", "gateway"],
                env=os.environ | {f"OFFSAMPLE_{name}": value for name, value in settings.items()},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)

    def end(self, number: signal.Signals) -> int:
        """Send the signal and return the exit code."""
        self.processes[-1].send_signal(number)
        return self.processes[-1].wait(30)

    def logged(self, *events: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log_path.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") in events]

    def is_in_outage(self) -> bool:
        lines = self.logged("gateway_started", "ledger_unreachable", "ledger_reachable_again")
        return bool(lines) and lines[-1]["event"] == "ledger_unreachable"


@pytest.fixture(scope="module")
def service() -> Iterator[LiveService]:
    """A server with the users of the repository, and a worker."""
    with TemporaryDirectory(prefix="offs-") as name:
        folder, port = Path(name), str(find_free_port())
        secrets = make_secrets(folder, f"127.0.0.1:{port}", f"127.0.0.1:{port}")
        with (secrets / "users.acl").open("a") as users:
            users.write("user admin on >admin ~* &* +@all\n")
        server = LiveServer(folder, options={"port": port, "aclfile": str(secrets / "users.acl")}, login="admin:admin@")
        server.start()
        url = (secrets / "worker.url").read_text().strip()
        live = LiveService(server, folder, SHORT_LEASE | {"OFFSAMPLE_REDIS_URL": url})
        try:
            live.start_worker()
            yield live
        finally:
            live.close()


@pytest.fixture(scope="module")
def gateway(service: LiveService) -> Iterator[LiveGateway]:
    """A gateway as its own user."""
    live = LiveGateway(service)
    live.start()
    yield live
    for process in live.processes:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def sender_url(service: LiveService) -> str:
    """Of the user `celery`."""
    return (service.folder / "secrets" / "celery.url").read_text().strip()


def send(url: str, *events: object, **options: object) -> list[str]:
    """What the producer prints about each event: its entry, or the error that it got."""
    ended = subprocess.run(
        [sys.executable, "-c", PRODUCER, url, json.dumps(options)],
        input=json.dumps(events),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def test_an_event_gets_its_entry_and_is_answered(service: LiveService, gateway: LiveGateway, sender_url: str) -> None:
    event, as_text, urgent = (make_event(ions=3) for _ in range(3))
    entries = send(sender_url, event, json.dumps(as_text)) + send(sender_url, urgent, priority="high")
    assert re.fullmatch(
        r"offsample:events/\d+-\d+ offsample:events/\d+-\d+ offsample:events:high/\d+-\d+", " ".join(entries)
    )
    accepted = {line["event_id"]: line["entry"] for line in gateway.logged("event_accepted")}
    for sent, entry in zip((event, as_text, urgent), entries, strict=True):
        assert accepted[sent["id"]] == entry
        assert service.wait_for_closing(sent["id"])["type"] == "offsample.dataset.classified.v1"


def test_a_bad_event_is_an_error_of_its_sender_and_nothing_is_added(
    service: LiveService, gateway: LiveGateway, sender_url: str
) -> None:
    event = make_event(ions=3)
    misspelt = event | {"data": event["data"] | {"anotations": []}}
    newer = event | {"type": "offsample.dataset.annotated.v9"}
    large = event | {"subject": "x" * LARGEST}
    half_character = event | {"subject": "\ud800"}
    service.server.connect().lpush(QUEUE, "no message of Celery", "{}")
    found = send(sender_url, misspelt, newer, large, half_character, "not JSON", [1, 2], event | {"id": ""})
    assert [line.partition(" ")[0] for line in found] == [
        "InvalidMessageError",
        "UnsupportedMessageError",
        "TooLargeError",
        *4 * ["InvalidMessageError"],
    ]
    assert "anotations" in found[0]
    assert send(sender_url, event, priority="urgent")[0].startswith("InvalidMessageError")
    assert not service.answers(event["id"])
    assert (len(gateway.logged("event_refused")), len(gateway.logged("task_unreadable"))) == (8, 2)
    assert "Traceback" not in gateway.log_path.read_text()


@pytest.mark.usefixtures("gateway")
def test_an_event_that_is_sent_twice_is_classified_once(service: LiveService, sender_url: str) -> None:
    event = make_event(ions=3)
    first, second = send(sender_url, event, event)
    assert first != second
    found = wait_until(lambda: answers if len(answers := service.answers(event["id"])) > 2 else [], "both are answered")
    closing = f"{event['id']}/closing"
    assert [one["id"] for one in found] == [f"{event['id']}/1", closing, closing]


@pytest.mark.usefixtures("gateway")
def test_the_documented_call_works(sender_url: str) -> None:
    environment = os.environ | {"OFFSAMPLE_REDIS_URL": sender_url, "BLADDER": str(BLADDER)}
    code = read_block("messages.md", "example: celery")
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"offsample:events/\d+-\d+\n", ended.stdout)


def test_a_gateway_that_is_killed_with_an_event_in_hand_loses_none(
    service: LiveService, gateway: LiveGateway, sender_url: str
) -> None:
    server, event = service.server.connect(), make_event(ions=3)
    server.execute_command("ACL", "SETUSER", "gateway", "-xadd")
    with ThreadPoolExecutor() as pool:
        sent = pool.submit(send, sender_url, event)
        wait_until(gateway.is_in_outage, "the gateway cannot add it")
        gateway.end(signal.SIGKILL)
        assert (server.llen(QUEUE), server.hlen(f"{QUEUE}:unacked")) == (0, 1)
        server.execute_command("ACL", "SETUSER", "gateway", "+xadd")
        gateway.start()
        (entry,) = sent.result(timeout=90)

    assert entry in {line["entry"] for line in gateway.logged("event_accepted") if line["event_id"] == event["id"]}
    assert service.wait_for_closing(event["id"])["type"] == "offsample.dataset.classified.v1"


def test_an_event_that_was_taken_waits_for_a_server_that_refuses_to_note_it(
    service: LiveService, gateway: LiveGateway, sender_url: str
) -> None:
    """As a full server does; kombu alone would forget it."""
    server = service.server.connect()
    users = (service.folder / "secrets" / "users.acl").read_text()
    selectors = re.findall(r"\([^)]*\)", next(line for line in users.splitlines() if line.startswith("user gateway ")))
    without = [one.replace(" +zadd ", " ") for one in selectors]
    assert without != selectors
    wait_until(lambda: not gateway.is_in_outage(), "the outage before is over")
    server.execute_command("ACL", "SETUSER", "gateway", "clearselectors", *without)
    with ThreadPoolExecutor() as pool:
        sent = pool.submit(send, sender_url, make_event(ions=1))
        wait_until(gateway.is_in_outage, "the server refuses")
        assert (server.llen(QUEUE), server.hlen(f"{QUEUE}:unacked")) == (0, 0)
        server.execute_command("ACL", "SETUSER", "gateway", "clearselectors", *selectors)
        (entry,) = sent.result(timeout=90)
    assert entry.startswith("offsample:events/")


def check_health(port: int) -> int:
    """The exit code of the gateway's health check in compose.yaml."""
    services = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())["services"]
    kind, program, *words = services["gateway"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")
    command = [sys.executable, *(word.replace("9400", str(port)) for word in words)]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode


def test_it_follows_a_changed_password_and_its_probes_pass(
    service: LiveService, gateway: LiveGateway, sender_url: str
) -> None:
    server = service.server.connect()
    wait_until(lambda: not gateway.is_in_outage(), "the outage before is over")
    server.execute_command("ACL", "SETUSER", "gateway", "resetpass", ">changed")
    server.client_kill_filter(user="gateway")
    wait_until(gateway.is_in_outage, "it notices the outage")
    url_file = service.folder / "secrets" / "gateway.url"
    url_file.write_text(re.sub(r"gateway:\w+@", "gateway:changed@", url_file.read_text()))
    wait_until(lambda: not gateway.is_in_outage(), "it notices the end")
    assert send(sender_url, make_event(ions=1))[0].startswith("offsample:events/")
    port = gateway.logged("http_listening")[-1]["port"]
    with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
        assert json.load(answer) == {"ok": True, "reasons": []}
    assert [check_health(port), check_health(find_free_port())] == [0, 1]


def test_the_server_refused_nothing_else(service: LiveService, gateway: LiveGateway) -> None:
    """After all of the above."""
    assert gateway.end(signal.SIGTERM) == 0
    log = service.server.connect().acl_log()
    refused = {(one["username"], one["object"]) for one in log if one["reason"] != "auth"}
    assert refused == {("gateway", "xadd"), ("gateway", "zadd")}


def test_a_gateway_without_a_server_or_without_rights_does_not_start(sender_url: str) -> None:
    elsewhere = run_process("gateway", redis_url=f"redis://127.0.0.1:{find_free_port()}/0")
    assert (elsewhere.code, "does not answer" in elsewhere.errors) == (3, True)
    as_sender = run_process("gateway", redis_url=sender_url)
    assert (as_sender.code, "refuses this user" in as_sender.errors) == (3, True)
