"""`offsample dead-letters`."""

import json
import os
import signal
import subprocess
import sys

from ledger_driving import EVENTS, NAMES
from live_service import LiveServer, make_event, wait_until
from operators_driving import Offsample, claim, open_ledger, reject, send


def test_dead_letters_are_listed_shown_and_filtered(server: LiveServer, offsample: Offsample) -> None:
    ledger = open_ledger(server)
    send(server, id="run-1")
    reject(ledger, claim(ledger), "a field is wrong")
    letters = offsample("dead-letters", "list", "--json").json["dead_letters"]

    (letter,) = letters
    assert (letter["error"], letter["event_id"], letter["dataset_id"]) == ("invalid_message", "run-1", "bladder")
    assert (letter["deliveries"], letter["reason"]) == (1, "a field is wrong")
    listed = offsample("dead-letters", "list").output
    assert ("a field is wrong" in listed, "1 dead letter:" in listed) == (True, True)
    assert json.loads(offsample("dead-letters", "show", letter["id"], "--json").json["message"])["id"] == "run-1"
    assert offsample("dead-letters", "list", "--error", "too_large", "--json").json["dead_letters"] == []
    assert offsample("dead-letters", "list", "--older-than", "1h", "--json").json["dead_letters"] == []
    assert offsample("dead-letters", "show", "1-1").code == 1
    assert offsample("dead-letters", "show", "first").code == 1
    for duration in ("soon", "7"):
        assert offsample("dead-letters", "list", "--older-than", duration).code == 2
    misspelt = offsample("dead-letters", "retry", "--error", "to_large")
    assert (misspelt.code, "too_large" in misspelt.errors) == (2, True)


def test_dead_letters_are_sent_again_by_id_and_by_error(server: LiveServer, offsample: Offsample) -> None:
    ledger = open_ledger(server)
    for stream in NAMES.streams:
        send(server, stream, id=f"of-{stream}")
    for _ in NAMES.streams:
        reject(ledger, claim(ledger))
    first, *rest = offsample("dead-letters", "list", "--json").json["dead_letters"]
    assert len(rest) == 2

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


def test_a_letter_of_an_entry_without_a_message_stays_as_it_is(server: LiveServer, offsample: Offsample) -> None:
    server.connect().xadd(NAMES.events("normal"), {"msg": "hello"})
    reject(open_ledger(server), claim(open_ledger(server)))
    before = server.connect().xrange(NAMES.dead_letters)
    ended = offsample("dead-letters", "retry", "--all")
    assert (ended.code, "without a field `message`" in ended.errors) == (1, True)
    assert server.connect().xrange(NAMES.dead_letters) == before
    assert "no field `message`" in offsample("dead-letters", "show", before[0][0].decode()).output


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
