"""How many workers KEDA wants, by the triggers of the rendered ScaledObject, asked of a real server as its user."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from helm_rendering import CHART, find_object, render
from ledger_driving import NAMES, send
from live_service import LiveServer
from live_stores import find_free_port
from redis.exceptions import NoPermissionError
from secret_making import make_secrets

from worker.ledger.claim import Answer
from worker.ledger.ledger import Ledger
from worker.ledger.names import Names
from worker.server.connection import connect

SCALED = find_object(render(CHART.parent / "examples" / "autoscaling.yaml"), "ScaledObject")["spec"]


@pytest.fixture
def server() -> Iterator[LiveServer]:
    """A server with the users of deploy/users.acl, where no stream and no group exists."""
    with TemporaryDirectory(prefix="offs-") as name:
        folder, port = Path(name), find_free_port()
        secrets = make_secrets(folder)
        with (secrets / "users.acl").open("a") as users:
            users.write("user admin on >admin ~* &* +@all\n")
        options = {"port": str(port), "aclfile": str(secrets / "users.acl")}
        live = LiveServer(folder, options=options, login="admin:admin@")
        live.start()
        try:
            yield live
        finally:
            live.kill()


@pytest.fixture
def wanted(server: LiveServer) -> Callable[[], int]:
    """Asks for the number of workers as KEDA does: XLEN of each stream, then the formula over the triggers' names."""
    password = (server.folder / "secrets" / "scaler.password").read_text()
    user = SCALED["triggers"][0]["metadata"]["username"]
    scaler = connect(f"redis://{user}:{password}@127.0.0.1:{server.options['port']}/0")

    def ask() -> int:
        lengths = {one["name"]: float(scaler.xlen(one["metadata"]["stream"])) for one in SCALED["triggers"]}
        modifiers = SCALED["advanced"]["scalingModifiers"]
        metric = eval(modifiers["formula"], {}, lengths)
        if metric <= float(modifiers["activationTarget"]):
            return int(SCALED["minReplicaCount"])
        return min(math.ceil(metric / float(modifiers["target"])), int(SCALED["maxReplicaCount"]))

    return ask


@pytest.fixture
def open_ledger(server: LiveServer) -> Callable[[], Ledger]:
    """What a worker that starts does."""

    def open_one() -> Ledger:
        ledger = Ledger(server.connect(), NAMES, lease_seconds=60, max_message_bytes=1000, done_seconds=3600)
        ledger.create_groups()
        return ledger

    return open_one


def test_the_streams_are_those_of_the_worker() -> None:
    assert {one["metadata"]["stream"] for one in SCALED["triggers"]} == set(NAMES.streams)
    other = render(CHART.parent / "examples" / "autoscaling.yaml", "settings.OFFSAMPLE_NAMESPACE=mine")
    triggers: list[dict[str, Any]] = find_object(other, "ScaledObject")["spec"]["triggers"]
    assert {one["metadata"]["stream"] for one in triggers} == set(Names("mine").streams)


def test_without_streams_and_group_no_worker_is_wanted_and_one_event_wants_one(
    server: LiveServer, wanted: Callable[[], int]
) -> None:
    assert wanted() == 0
    send(server, "event", NAMES.events("low"))
    assert wanted() == 1
    for priority in ("high", "normal", "low"):
        send(server, "event", NAMES.events(priority))
    assert wanted() == 4
    for _ in range(30):
        send(server, "event")
    assert wanted() == SCALED["maxReplicaCount"]


def test_a_running_event_keeps_its_worker_until_it_is_answered(
    server: LiveServer, wanted: Callable[[], int], open_ledger: Callable[[], Ledger]
) -> None:
    ledger = open_ledger()
    assert wanted() == 0
    for message in ("first", "second"):
        send(server, message)
    first, second = ledger.claim(), ledger.claim()
    assert first is not None
    assert second is not None
    assert wanted() == 2
    for left, claim in ((1, first), (0, second)):
        answer = Answer(NAMES.done("test", claim.entry), NAMES.answers(claim.entry), ["closing"])
        ledger.finish(claim, answer, give_up_at=time.monotonic())
        assert wanted() == left


def test_a_postponed_event_keeps_a_worker_that_will_try_it_again(
    server: LiveServer, wanted: Callable[[], int], open_ledger: Callable[[], Ledger]
) -> None:
    ledger = open_ledger()
    send(server, "event")
    claim = ledger.claim()
    assert claim is not None
    ledger.release_claim(claim, 60)
    assert wanted() == 1


@pytest.mark.parametrize("command", ["XRANGE offsample:events - +", "XLEN offsample:results", "GET offsample:clock"])
def test_the_scaler_sees_lengths_only(server: LiveServer, command: str) -> None:
    password = (server.folder / "secrets" / "scaler.password").read_text()
    scaler = connect(f"redis://scaler:{password}@127.0.0.1:{server.options['port']}/0")
    with pytest.raises(NoPermissionError):
        scaler.execute_command(*command.split())
