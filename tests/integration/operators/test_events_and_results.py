"""`offsample events show` and `offsample results trim`."""

import time

from ledger_driving import EVENTS, NAMES
from live_service import LiveServer
from operators_driving import Offsample, claim, finish, open_ledger, reject, send

from worker.ledger.presence import RunRecord
from worker.operators.event_trace import trace_event
from worker.operators.queue import Queue


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
    assert entry["reads"], "the store that it waits for"
    shown = offsample("events", "show", "run-1").output
    assert ("postponed" in shown, entry["reads"][0] in shown, ", 0 attempts" in shown) == (True, True, True)
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


def test_a_long_search_tells_of_every_stream_how_far_it_is(server: LiveServer) -> None:
    pipeline, told = server.connect().pipeline(), []
    for stream, count in ((EVENTS, 1_200), (NAMES.dead_letters, 3)):
        for _ in range(count):
            pipeline.xadd(stream, {"message": "{}"})
    pipeline.execute()

    trace_event(Queue(server.connect(), NAMES), "run-1", on_progress=lambda *progress: told.append(progress))

    assert told == [
        *((f"searching {EVENTS}", done, 1_200) for done in (500, 1_000, 1_200)),
        (f"searching {NAMES.dead_letters}", 3, 3),
    ]
