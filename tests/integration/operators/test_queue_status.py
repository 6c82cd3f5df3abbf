"""`offsample queue status|pause|resume`."""

import io
import os
import time

import pytest
from command_running import run_command
from ledger_driving import EVENTS, NAMES
from live_service import LiveServer
from operators_driving import Offsample, claim, open_ledger, send
from rich.console import Console

from worker.cli.outputs.status_tables import make_status_tables
from worker.ledger.presence import RunRecord, WorkerReport
from worker.operators.queue import Queue
from worker.operators.status import read_status


def test_the_status_shows_what_waits_runs_and_is_postponed(server: LiveServer, offsample: Offsample) -> None:
    ledger = open_ledger(server, worker="crunch@host-1")
    entries = [send(server, id=f"event-{number}") for number in range(5)]
    send(server, NAMES.events("low"), id="low")
    held = [claim(ledger) for _ in range(3)]
    ledger.release_claim(held[0])
    ledger.release_claim(held[1], delay_seconds=600)
    record = RunRecord(
        event_id="event-2", event_source="test", dataset_id="bladder", trace_id=None, task_id="task-7",
        consumer=held[2].consumer, started_ms=held[2].claimed_ms,
    )  # fmt: skip
    ledger.hints.record_run(held[2], record, 60)
    ledger.hints.report_progress(held[2], 3, 79)
    ledger.hints.report_worker(
        WorkerReport(worker="crunch@host-1", pid=7, version="1", release="2026", engine="onnx", concurrency=1)
    )

    found = offsample("queue", "status", "--json").json

    normal, low = found["priorities"][1:]
    counted = {name: normal[name] for name in ("waiting", "running", "released", "postponed")}
    assert counted == {"waiting": 2, "running": 1, "released": 1, "postponed": 1}
    assert 500 < normal["next_retry_seconds"] <= 600
    assert (low["waiting"], low["running"]) == (1, 0)
    (run,) = found["running"]
    assert (run["event_id"], run["dataset_id"], run["task_id"]) == ("event-2", "bladder", "task-7")
    assert run["entry"] == f"{EVENTS}/{entries[2]}"
    assert (run["worker"], run["pid"]) == ("crunch@host-1", os.getpid())
    assert (run["attempts"], run["done"], run["total"]) == (1, 3, 79)
    (worker,) = found["workers"]
    assert (worker["release"], worker["is_alive"]) == ("2026", True)
    assert found["memory"]["policy"] == "noeviction"


def test_the_status_of_an_empty_server_is_shown_for_people(offsample: Offsample) -> None:
    ended = offsample("queue", "status")
    assert ended.code == 0
    for words in ("backlog", "dead letters: 0", "results: 0", "memory:"):
        assert words in ended.output


def test_the_status_counts_unread_results_by_group(server: LiveServer, offsample: Offsample) -> None:
    connection = server.connect()
    for _ in range(3):
        connection.xadd(NAMES.results, {"message": "{}"})
    connection.xgroup_create(NAMES.results, "archive", id="0")
    connection.xreadgroup("archive", "reader", {NAMES.results: ">"}, count=1)

    found = offsample("queue", "status", "--json").json

    assert found["results"]["entries"] == 3
    assert found["groups"] == [{"name": "archive", "unread": 2, "unacknowledged": 1}]


def test_results_that_were_trimmed_unread_are_no_longer_unread(server: LiveServer, offsample: Offsample) -> None:
    connection = server.connect()
    entries = [connection.xadd(NAMES.results, {"message": "{}"}) for _ in range(14)]
    connection.xgroup_create(NAMES.results, "archive", id="0")
    connection.xreadgroup("archive", "reader", {NAMES.results: ">"}, count=2)
    for minid, unread in ((entries[4], 10), (entries[-1], 1)):
        connection.xtrim(NAMES.results, minid=minid, approximate=False)
        assert offsample("queue", "status", "--json").json["groups"][0]["unread"] == unread
    connection.xtrim(NAMES.results, maxlen=0, approximate=False)
    assert offsample("queue", "status", "--json").json["groups"][0]["unread"] == 0


@pytest.mark.parametrize("width", [80, 100])
def test_no_heading_is_broken_within_a_word(server: LiveServer, width: int) -> None:
    console = Console(width=width, file=io.StringIO())
    console.print(make_status_tables(read_status(Queue(server.connect(), NAMES))))
    shown = console.file.getvalue().split()
    for word in ("priority", "released", "postponed", "attempt", "children", "release", "version"):
        assert word in shown


def test_the_status_counts_events_that_the_gateway_has_not_added(server: LiveServer, offsample: Offsample) -> None:
    server.connect().lpush(NAMES.gateway, "waits", "waits too")
    server.connect().hset(f"{NAMES.gateway}:unacked", "tag", "held by a gateway that was killed")
    assert offsample("queue", "status", "--json").json["gateway_tasks"] == 3
    assert "wait for the gateway: 3" in offsample("queue", "status").output


def test_a_paused_queue_hands_nothing_out_until_it_is_resumed(server: LiveServer, offsample: Offsample) -> None:
    ledger = open_ledger(server, lease_seconds=0.2)
    send(server)
    held = claim(ledger)
    send(server)

    first, again = offsample("queue", "pause", "--reason", "store moves"), offsample("queue", "pause", "--json")
    server.kill()
    server.start()
    time.sleep(0.3)

    assert first.code == again.code == 0
    assert (again.json["changed"], again.json["pause"]["reason"]) == (False, "store moves")
    assert not ledger.is_ready()
    assert ledger.claim() is None
    assert ledger.renew(held)
    assert "PAUSED" in offsample("queue", "status").output
    assert offsample("queue", "resume", "--json").json["changed"]
    assert claim(ledger).deliveries == 1
    assert offsample("queue", "resume", "--json").json["changed"] is False


def test_without_a_server_every_command_ends_with_exit_code_3() -> None:
    commands = (["queue", "status"], ["cancel", "x"], ["dead-letters", "list"], ["events", "show", "x"])
    for command in commands:
        assert run_command(*command, redis_url="unix:///nowhere/v.sock").code == 3
