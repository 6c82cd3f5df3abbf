"""The operators' commands on a real server, with a ledger that claims, finishes and releases as a worker does."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from command_running import Ended, run_command
from ledger_driving import EVENTS, NAMES, read_results
from live_service import LiveServer, make_event, wait_until

from shared.errors import InvalidMessageError
from worker.events.answers import rejected_answer
from worker.ledger.claim import Answer, Claim, DoneRecord
from worker.ledger.ledger import Ledger
from worker.ledger.presence import RunRecord, WorkerReport
from worker.ledger.quota import SourceQuota
from worker.messages.event import read_identity

Offsample = Callable[..., Ended]


@pytest.fixture(scope="module")
def shared() -> Iterator[LiveServer]:
    with TemporaryDirectory(prefix="offs-") as folder:
        live = LiveServer(Path(folder))
        live.start()
        yield live
        live.kill()


@pytest.fixture
def server(shared: LiveServer) -> LiveServer:
    """The module's server, emptied and with room."""
    shared.connect().flushall()
    shared.connect().config_set("maxmemory", 0)
    return shared


@pytest.fixture
def offsample(server: LiveServer) -> Offsample:
    return lambda *arguments: run_command(*arguments, redis_url=server.url)


def send(server: LiveServer, stream: str = EVENTS, **fields: Any) -> str:
    """Send one event and return its entry id."""
    return server.connect().xadd(stream, {"message": json.dumps(make_event() | fields)}).decode()


def open_ledger(server: LiveServer, lease_seconds: float = 60, worker: str | None = None) -> Ledger:
    connection = server.connect()
    ledger = Ledger(
        connection, NAMES, lease_seconds=lease_seconds, max_message_bytes=10**6, done_seconds=3600, worker=worker
    )
    ledger.create_groups()
    return ledger


def claim(ledger: Ledger) -> Claim:
    found = ledger.claim()
    assert found is not None
    return found


def reject(ledger: Ledger, held: Claim, sentence: str = "not valid") -> None:
    """Dead-letter a claimed event, as a worker does."""
    identity = read_identity(held.message or b"")
    answer = rejected_answer(identity, held, NAMES, InvalidMessageError(sentence), dead_letter=True)
    ledger.finish(held, answer, give_up_at=time.monotonic() + 10)


def finish(ledger: Ledger, held: Claim, messages: list[str] | None = None) -> None:
    identity = read_identity(held.message or b"")
    assert identity.event_id is not None
    closing = json.dumps({"data": {"event_source": identity.source, "event_id": identity.event_id}})
    done = DoneRecord(version=2, entry=held.entry, digest="d", closing=closing)
    keys = (NAMES.done(identity.source or "", identity.event_id), NAMES.answers(identity.event_id))
    ledger.finish(held, Answer(*keys, messages or [closing], done), give_up_at=time.monotonic() + 10)


def rejections(server: LiveServer) -> list[dict[str, Any]]:
    return [json.loads(message)["data"] for message in read_results(server)]


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


def test_dead_letters_are_listed_shown_and_filtered(server: LiveServer, offsample: Offsample) -> None:
    ledger = open_ledger(server)
    send(server, id="run-1")
    reject(ledger, claim(ledger), "a field is wrong")
    letters = offsample("dead-letters", "list", "--json").json["dead_letters"]

    (letter,) = letters
    assert (letter["error"], letter["event_id"], letter["dataset_id"]) == ("invalid_message", "run-1", "bladder")
    assert (letter["deliveries"], letter["reason"]) == (1, "a field is wrong")
    assert "a field is wrong" in offsample("dead-letters", "list").output
    assert json.loads(offsample("dead-letters", "show", letter["id"], "--json").json["message"])["id"] == "run-1"
    assert offsample("dead-letters", "list", "--error", "too_large", "--json").json["dead_letters"] == []
    assert offsample("dead-letters", "list", "--older-than", "1h", "--json").json["dead_letters"] == []
    assert offsample("dead-letters", "show", "1-1").code == 1
    assert offsample("dead-letters", "show", "first").code == 1
    assert offsample("dead-letters", "list", "--older-than", "soon").code == 2


def test_dead_letters_are_sent_again_by_id_and_by_error(server: LiveServer, offsample: Offsample) -> None:
    ledger = open_ledger(server)
    for stream in NAMES.streams:
        send(server, stream, id=f"of-{stream}")
    for _ in NAMES.streams:
        reject(ledger, claim(ledger))
    first, *rest = offsample("dead-letters", "list", "--json").json["dead_letters"]
    assert len(rest) == 2

    assert offsample("dead-letters", "retry").code == 1
    assert offsample("dead-letters", "retry", first["id"], "--json").json["changed"] == [first["id"]]
    assert offsample("dead-letters", "retry", first["id"]).code == 1
    assert len(offsample("dead-letters", "retry", "--error", "invalid_message", "--json").json["changed"]) == 2

    for stream in NAMES.streams:
        (entry,) = server.connect().xrange(stream)
        assert json.loads(entry[1][b"message"])["id"] == f"of-{stream}"
    assert server.connect().xlen(NAMES.dead_letters) == 0
    assert claim(ledger).deliveries == 1


def test_a_letter_whose_event_was_not_kept_stays(server: LiveServer, offsample: Offsample) -> None:
    fields = {"message_head": "{", "message_bytes": "99", "error": "too_large", "stream": EVENTS, "entry": "1-1"}
    server.connect().xadd(NAMES.dead_letters, fields)

    ended = offsample("dead-letters", "retry", "--all")

    assert ended.code == 1
    assert "too large" in ended.errors
    assert server.connect().xlen(NAMES.dead_letters) == 1
    assert offsample("dead-letters", "drop", "--error", "too_large", "--json").code == 0
    assert server.connect().xlen(NAMES.dead_letters) == 0


def test_a_full_server_keeps_a_letter_that_is_to_be_sent_again(server: LiveServer, offsample: Offsample) -> None:
    ledger = open_ledger(server)
    send(server)
    reject(ledger, claim(ledger))
    server.connect().config_set("maxmemory", 1)

    assert offsample("dead-letters", "retry", "--all").code == 3
    assert server.connect().xlen(NAMES.dead_letters) == 1


def test_a_retry_that_is_killed_half_way_loses_and_doubles_no_letter(server: LiveServer) -> None:
    connection, letters = server.connect(), 3000
    with connection.pipeline(transaction=False) as pipeline:
        for number in range(letters):
            fields = {"message": json.dumps(make_event() | {"id": f"event-{number}"}), "error": "too_large"}
            pipeline.xadd(NAMES.dead_letters, fields | {"stream": EVENTS, "entry": "1-1", "deliveries": "1"})
        pipeline.execute()
    command = [sys.executable, "-m", "worker.cli.main", "dead-letters", "retry", "--all"]
    process = subprocess.Popen(command, env=os.environ | {"OFFSAMPLE_REDIS_URL": server.url})

    wait_until(lambda: connection.xlen(EVENTS) > 50, "some are sent again")
    process.send_signal(signal.SIGKILL)
    process.wait()

    streams = [connection.xrange(NAMES.dead_letters), connection.xrange(EVENTS)]
    assert all(streams), "killed in the middle"
    found = [json.loads(fields[b"message"])["id"] for entries in streams for _, fields in entries]
    assert len(found) == letters
    assert len(set(found)) == letters


def test_results_are_trimmed_up_to_the_slowest_group(server: LiveServer, offsample: Offsample) -> None:
    connection = server.connect()
    entries = [connection.xadd(NAMES.results, {"message": "{}"}) for _ in range(300)]
    assert offsample("results", "trim").code == 1, "without a group nothing is read"
    assert connection.xlen(NAMES.results) == 300
    for group in ("fast", "slow"):
        connection.xgroup_create(NAMES.results, group, id="0")
    connection.xreadgroup("fast", "a", {NAMES.results: ">"})
    connection.xack(NAMES.results, "fast", *entries)
    connection.xreadgroup("slow", "b", {NAMES.results: ">"}, count=250)
    connection.xack(NAMES.results, "slow", *entries[:200], *entries[201:250])

    assert offsample("results", "trim", "--older-than", "1h", "--json").json["deleted"] == 0
    assert offsample("results", "trim", "--json").json["deleted"] == 200
    assert connection.xrange(NAMES.results, count=1)[0][0] == entries[200], "delivered, not acknowledged"
    connection.xack(NAMES.results, "slow", entries[200])
    assert offsample("results", "trim", "--json").json["deleted"] == 50
    assert connection.xlen(NAMES.results) == 50


def test_results_are_trimmed_by_age_alone_only_if_that_is_said(server: LiveServer, offsample: Offsample) -> None:
    connection = server.connect()
    for age_ms in (10 * 86_400_000, 8 * 86_400_000, 0):
        connection.xadd(NAMES.results, {"message": "{}"}, id=f"{int(time.time() * 1000) - age_ms}-1")

    assert offsample("results", "trim", "--ignore-groups").code == 1
    ended = offsample("results", "trim", "--ignore-groups", "--older-than", "7d", "--json")

    assert ended.json["deleted"] == 2
    assert connection.xlen(NAMES.results) == 1


def test_all_that_is_known_of_an_event_is_shown(server: LiveServer, offsample: Offsample) -> None:
    ledger = open_ledger(server, worker="crunch@host-1")
    trace = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
    waiting = send(server, id="run-1", source="/again", traceparent=trace)
    send(server, id="run-1", source="/bad")
    first, second = claim(ledger), claim(ledger)
    reject(ledger, second)
    ledger.release_claim(first, delay_seconds=60)

    found = offsample("events", "show", "run-1", "--json").json

    (entry,) = found["entries"]
    assert (entry["entry"], entry["place"], entry["attempts"]) == (f"{EVENTS}/{waiting}", "postponed", 0)
    assert entry["trace_id"] == "ab" * 16
    (answer,) = found["answers"]
    assert (answer["event_source"], answer["error"], answer["entry"]) == ("/bad", "invalid_message", second.entry)
    assert [letter["event_id"] for letter in found["dead_letters"]] == ["run-1"]
    assert "postponed" in offsample("events", "show", "run-1").output
    only = offsample("events", "show", "run-1", "--source", "/again", "--json").json
    assert (len(only["entries"]), only["answers"], only["dead_letters"]) == (1, [], [])


def test_a_finished_event_shows_its_record_and_its_run(server: LiveServer, offsample: Offsample) -> None:
    ledger = open_ledger(server, worker="crunch@host-1")
    send(server, id="run-1")
    held = claim(ledger)
    record = RunRecord(
        event_id="run-1", event_source="test", dataset_id="bladder", trace_id=None, task_id="task-7",
        consumer=held.consumer, started_ms=held.claimed_ms,
    )  # fmt: skip
    ledger.hints.record_run(held, record, 60)
    finish(ledger, held)

    ended = offsample("events", "show", "run-1", "--source", "test", "--json")

    (known,) = ended.json["records"]
    assert (known["entry"], known["unpublished"], known["run"]["task_id"]) == (held.entry, 0, "task-7")
    assert known["run"]["consumer"].startswith("crunch@host-1/")


def test_an_unknown_event_is_an_error(offsample: Offsample) -> None:
    ended = offsample("events", "show", "nobody")
    assert ended.code == 1
    assert "nobody" in ended.errors


def test_an_event_of_the_name_of_a_command_can_be_shown(offsample: Offsample) -> None:
    assert "'trim'" in offsample("results", "show", "trim").errors
    assert "'run-1'" in offsample("results", "run-1").errors


def test_without_a_server_every_command_ends_with_exit_code_3() -> None:
    commands = (["queue", "status"], ["cancel", "x"], ["dead-letters", "list"], ["events", "show", "x"])
    for command in commands:
        assert run_command(*command, redis_url="unix:///nowhere/v.sock").code == 3
