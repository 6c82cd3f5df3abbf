"""Each user of deploy/users.acl can do what is documented for it, and nothing else."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from command_running import run_command
from documented import CHECKOUT, read_block
from live_service import BLADDER, SHORT_LEASE, LiveServer, LiveService, make_event
from live_stores import find_free_port
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from worker.server.connection import connect


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="offs-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def urls(folder: Path) -> dict[str, str]:
    """The URL of each user, created as the page shows, with the port of the page."""
    (folder / "deploy").symlink_to(CHECKOUT / "deploy")
    block = read_block("operations.md", "example: users")
    made = subprocess.run(["sh", "-e", "-c", block], cwd=folder, capture_output=True, text=True, check=True)
    with (folder / "users.acl").open("a") as users:
        users.write("user admin on >admin ~* &* +@all\n")
    port = str(find_free_port())
    found = [line.replace(":6379", f":{port}") for line in made.stdout.splitlines()]
    return {re.split("[/:]+", url)[1]: url for url in found}


@pytest.fixture(scope="module")
def service(folder: Path, urls: dict[str, str]) -> Iterator[LiveService]:
    """A server with these users, and a worker as the user `worker`."""
    port = re.findall(r":(\d+)/", urls["worker"])[0]
    options = {"port": port, "bind": "127.0.0.1", "aclfile": str(folder / "users.acl")}
    server = LiveServer(folder, options=options, login="admin:admin@")
    server.start()
    live = LiveService(server, folder, SHORT_LEASE | {"OFFSAMPLE_REDIS_URL": urls["worker"]})
    try:
        live.start_worker()
        yield live
    finally:
        live.close()


def run_as(url: str, *program: str) -> str:
    """Standard output of a program, which must succeed."""
    finished = subprocess.run(
        program,
        env=os.environ | {"OFFSAMPLE_REDIS_URL": url, "BLADDER": str(BLADDER)},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr + finished.stdout
    assert "NOPERM" not in finished.stderr + finished.stdout
    return finished.stdout


def offsample(url: str, *arguments: str) -> str:
    """Standard output of a command in this process, which must succeed."""
    ended = run_command(*arguments, redis_url=url)
    assert ended.code == 0, ended.errors + ended.output
    assert "NOPERM" not in ended.errors + ended.output
    return ended.output


def test_the_producer_submits_and_waits_for_its_answer(service: LiveService, urls: dict[str, str]) -> None:
    path = service.folder / "event.json"
    path.write_text(json.dumps(make_event()))
    submit = ("submit", str(path), "--format", "json")

    offsample(urls["producer"], *submit)
    first = offsample(urls["producer"], *submit, "--wait")
    again = offsample(urls["producer"], *submit, "--wait")

    assert len(first.splitlines()) == 79
    assert again == first


def test_the_producer_runs_the_example_in_python(service: LiveService, urls: dict[str, str]) -> None:
    assert service.workers
    assert len(run_as(urls["producer"], sys.executable, "-c", _example("python")).splitlines()) == 79


def test_the_consumer_receives_and_trims_the_answers_to_the_producer(
    service: LiveService, urls: dict[str, str]
) -> None:
    sent = run_as(urls["producer"], "sh", "-c", _example("send") + 'echo "$ID"')
    event_id = sent.split()[-1]
    receive = f'SERVER="$OFFSAMPLE_REDIS_URL"; ID={event_id}\n' + _example("receive")

    received = run_as(urls["consumer"], "sh", "-c", receive)
    found = offsample(urls["consumer"], "results", event_id, "--format", "json")
    scanned = offsample(urls["consumer"], "results", event_id, "--scan", "--format", "json")

    assert received.count(f'"event_id":"{event_id}"') == 2
    assert len(found.splitlines()) == 79
    assert scanned == found
    for command in (
        "XINFO GROUPS offsample:results",
        "XREADGROUP GROUP archive reader-1 STREAMS offsample:results 0",
        "XAUTOCLAIM offsample:results archive reader-2 60000 0",
        "XTRIM offsample:results MINID ~ 1",
    ):
        _ask(urls["consumer"], command)
    assert service.pending() == 0


def test_the_operator_runs_every_command(service: LiveService, urls: dict[str, str]) -> None:
    event = make_event()
    service.send({"id": "no event"} | event | {"type": "unknown"})
    service.wait_for_closing(event["id"])
    service.server.connect().xgroup_create("offsample:results", "all", id="$")
    commands = (
        ("queue", "pause"),
        ("queue", "status"),
        ("queue", "resume"),
        ("dead-letters", "list"),
        ("dead-letters", "drop", "--older-than", "1d"),
        ("events", "show", event["id"]),
        ("results", "trim", "--older-than", "1d"),
    )
    for command in commands:
        offsample(urls["operator"], *command)
    letters = json.loads(offsample(urls["operator"], "dead-letters", "retry", "--all", "--json"))["changed"]
    assert len(letters) == 1
    waiting = make_event()
    offsample(urls["operator"], "queue", "pause")
    service.send(waiting)
    offsample(urls["operator"], "cancel", waiting["id"])
    offsample(urls["operator"], "queue", "resume")
    assert service.wait_for_closing(waiting["id"])["data"]["error"] == "cancelled"


def test_the_operator_monitors_and_resends_dead_letters_as_the_user_worker(
    service: LiveService, urls: dict[str, str]
) -> None:
    service.send("{}")
    name = f"offsample-{service.workers[0].process.pid}"

    assert name in run_as(urls["worker"], sys.executable, "-m", "worker.cli.main", "health", "--name", name)
    celery = (sys.executable, "-m", "celery", "--app", "worker.app", "inspect", "active")
    assert name in run_as(urls["worker"], *celery)
    commands = re.findall(
        r"`((?:XLEN|XPENDING|XINFO|INFO|LLEN|HLEN)[^`]*)`", (CHECKOUT / "docs/operations.md").read_text()
    )
    assert len(commands) >= 5
    for command in commands:
        _ask(urls["worker"], command)
    run_as(urls["worker"], sys.executable, "-c", _example("send again"))


@pytest.mark.parametrize(
    ("user", "command"),
    [
        ("producer", "XRANGE offsample:events - +"),
        ("producer", "XADD offsample:results * message x"),
        ("producer", "XTRIM offsample:results MAXLEN 0"),
        ("producer", "GET offsample:clock"),
        ("consumer", "XADD offsample:events * message x"),
        ("consumer", "XRANGE offsample:dead-letters - +"),
        ("consumer", "DEL offsample:results"),
        ("operator", "FLUSHALL"),
        ("operator", "SET elsewhere 1"),
        ("operator", "CONFIG GET *"),
        ("gateway", "XRANGE offsample:events - +"),
        ("gateway", "XADD offsample:results * message x"),
        ("gateway", "SET offsample:events x"),
        ("gateway", "LPUSH offsample:tickets x"),
        ("gateway", "PUBLISH /0.celery.pidbox x"),
        ("celery", "XADD offsample:events * message x"),
        ("celery", "BRPOP offsample:gateway 1"),
        ("celery", "HGET offsample:gateway:unacked x"),
        ("celery", "SET celery-task-meta-x x"),
        ("celery", "PUBLISH celery-task-meta-x x"),
        ("celery", "PUBLISH /0.celery.pidbox x"),
        ("worker", "FLUSHALL"),
        ("worker", "CONFIG GET *"),
        ("worker", "SET elsewhere 1"),
    ],
)
def test_no_user_has_unneeded_permissions(service: LiveService, urls: dict[str, str], user: str, command: str) -> None:
    assert service.workers
    with pytest.raises(NoPermissionError):
        _ask(urls[user], command)


def test_a_login_without_a_password_fails(service: LiveService, urls: dict[str, str]) -> None:
    assert service.workers
    for url in (re.sub("//.*@", "//", urls["worker"]), re.sub(":[^:]*@", ":@", urls["producer"])):
        with pytest.raises(AuthenticationError):
            connect(url).ping()


def test_the_worker_was_refused_nothing(service: LiveService) -> None:
    """After all of the above; its streams, tickets, remote control and shutdown need its permissions."""
    worker = service.start_worker()
    assert worker.stop() == 0
    for each in service.workers:
        assert "NOPERM" not in each.log_path.read_text()
        assert "no permissions" not in each.log_path.read_text()


def _example(name: str) -> str:
    return read_block("messages.md", f"example: {name}")


def _ask(url: str, command: str) -> object:
    server: Redis = connect(url)
    return server.execute_command(*command.split())
