"""`offsample cancel`."""

import json
import time

import pytest
from ledger_driving import EVENTS, NAMES, read_results
from live_service import LiveServer, make_event
from operators_driving import Offsample, claim, finish, open_ledger, rejections, send

from worker.ledger.claim import DoneRecord
from worker.ledger.quota import SourceQuota


def test_a_waiting_event_is_cancelled_and_answered(server: LiveServer, offsample: Offsample) -> None:
    open_ledger(server)
    other, entry = send(server, id="other"), send(server, id='the "one" / \\ µ')

    ended = offsample("cancel", 'the "one" / \\ µ', "--reason", "sent by mistake", "--json")

    assert ended.code == 0, ended.errors
    assert [(one["entry"], one["outcome"]) for one in ended.json["entries"]] == [(f"{EVENTS}/{entry}", "cancelled")]
    (answer,) = rejections(server)
    assert (answer["error"], answer["event_id"], answer["tried"]["deliveries"]) == ("cancelled", 'the "one" / \\ µ', 0)
    assert "sent by mistake" in answer["message"]
    assert [name.decode() for name, _ in server.connect().xrange(EVENTS)] == [other]


def test_a_running_event_is_cancelled_and_its_worker_is_fenced(server: LiveServer, offsample: Offsample) -> None:
    ledger = open_ledger(server)
    send(server, id="run-1")
    held = claim(ledger)

    assert offsample("cancel", "run-1").code == 0

    assert not ledger.renew(held)
    finish(ledger, held)
    assert [answer["error"] for answer in rejections(server)] == ["cancelled"]
    assert ledger.claim() is None
    assert offsample("results", "run-1").code == 1


def test_a_parked_event_is_shown_and_cancelled(server: LiveServer, offsample: Offsample) -> None:
    ledger, quota = open_ledger(server), SourceQuota(server.connect(), NAMES, 1)
    for number in range(2):
        send(server, id=f"run-{number}")
    first, second = claim(ledger), claim(ledger)
    quota.admit(first, "test")
    quota.park([second], "test")

    backlog = offsample("queue", "status", "--json").json["priorities"][1]
    assert (backlog["waiting"], backlog["parked"], backlog["running"]) == (0, 1, 1)
    assert [entry["place"] for entry in offsample("events", "show", "run-1", "--json").json["entries"]] == ["parked"]
    assert offsample("cancel", "run-1").code == 0
    assert offsample("queue", "status", "--json").json["priorities"][1]["parked"] == 0


@pytest.mark.parametrize("delay", [0.0, 600.0])
def test_a_released_or_postponed_event_is_cancelled(server: LiveServer, offsample: Offsample, delay: float) -> None:
    ledger = open_ledger(server)
    send(server, id="run-1")
    ledger.release_claim(claim(ledger), delay_seconds=delay)

    assert offsample("cancel", "run-1").code == 0

    assert server.connect().zcard(NAMES.postponed(EVENTS)) == 0
    assert [answer["error"] for answer in rejections(server)] == ["cancelled"]


def test_an_event_whose_answer_is_decided_is_not_cancelled(server: LiveServer, offsample: Offsample) -> None:
    """Its worker was killed between committing a large answer and publishing it."""
    ledger = open_ledger(server)
    send(server, id="run-1")
    held = claim(ledger)
    done = DoneRecord(version=2, entry=held.entry, digest="d", closing='{"data": {}}')
    server.connect().set(NAMES.done("test", "run-1"), done.model_dump_json())
    server.connect().rpush(NAMES.outbox(held.entry), "chunk", "closing")

    ended = offsample("cancel", "run-1")
    ledger.publish_rest(done, NAMES.answers("run-1"), give_up_at=time.monotonic() + 10)

    assert ended.code == 1
    assert "decided" in ended.output
    assert read_results(server) == ["chunk", "closing"]


def test_a_repeat_of_a_finished_event_is_cancelled(server: LiveServer, offsample: Offsample) -> None:
    ledger = open_ledger(server)
    send(server, id="run-1")
    finish(ledger, claim(ledger), ["closing"])
    send(server, id="run-1")

    assert offsample("cancel", "run-1").code == 0
    assert server.connect().xlen(EVENTS) == 0
    assert read_results(server)[0] == "closing"


def test_an_unknown_event_is_not_cancelled(server: LiveServer, offsample: Offsample) -> None:
    send(server, id="other")
    ended = offsample("cancel", "run-1")
    assert ended.code == 1
    assert "events show" in ended.errors


def test_events_of_two_sources_are_cancelled_by_source(server: LiveServer, offsample: Offsample) -> None:
    send(server, id="run-1", source="/a")
    send(server, id="run-1", source="/b")

    assert offsample("cancel", "run-1").code == 1
    assert rejections(server) == []
    assert offsample("cancel", "run-1", "--source", "/b").code == 0
    assert [answer["event_source"] for answer in rejections(server)] == ["/b"]


def test_a_full_server_lets_an_event_be_cancelled(server: LiveServer, offsample: Offsample) -> None:
    send(server, id="run-1")
    server.connect().config_set("maxmemory", 1)

    assert offsample("cancel", "run-1").code == 0
    assert offsample("queue", "pause").code == 0
    assert offsample("queue", "status").code == 0


def test_a_deep_backlog_is_searched_on_the_server(server: LiveServer, offsample: Offsample) -> None:
    connection = server.connect()
    with connection.pipeline(transaction=False) as pipeline:
        for number in range(3000):
            pipeline.xadd(EVENTS, {"message": json.dumps(make_event() | {"id": f"event-{number}"})})
        pipeline.execute()
    before = connection.info("stats")["total_net_output_bytes"]

    ended = offsample("events", "show", "event-2999", "--json")

    assert [entry["place"] for entry in ended.json["entries"]] == ["waiting"]
    assert connection.info("stats")["total_net_output_bytes"] - before < 50_000
