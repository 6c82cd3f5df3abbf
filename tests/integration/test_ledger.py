"""The ledger on a real server: who holds what, and what becomes of it."""

import threading
import time
from collections.abc import Callable
from hashlib import sha256

import pytest
from ledger_driving import EVENTS, NAMES, claim_after_lease, pass_time, read_results, send
from live_service import LiveServer
from redis.exceptions import OutOfMemoryError, ResponseError

from shared.errors import ConfigurationError, ServerUnavailableError
from worker.ledger.claim import Answer, DeadLetter, DoneRecord, Outcome
from worker.ledger.heartbeat import Heartbeat
from worker.ledger.ledger import Ledger
from worker.ledger.names import GROUP

OpenLedger = Callable[..., Ledger]


def _answer(entry: str = "", *, done: bool = True, letter: DeadLetter | None = None) -> Answer:
    record = DoneRecord(entry=entry, digest="d", closing="closing") if done else None
    return Answer("offsample:done:x", "offsample:answers:x", ["chunk", "closing"], record, letter)


def _finish(ledger: Ledger, claim: object, answer: Answer) -> Outcome:
    outcome, _ = ledger.finish(claim, answer, give_up_at=time.monotonic())  # type: ignore[arg-type]
    return outcome


def test_events_sent_before_any_worker_existed_are_claimed(server: LiveServer, open_ledger: OpenLedger) -> None:
    send(server, "early")
    claim = open_ledger().claim()
    assert claim is not None
    assert (claim.message, claim.deliveries) == (b"early", 1)


def test_streams_are_claimed_by_priority_and_every_eighth_claim_in_reverse(
    server: LiveServer, open_ledger: OpenLedger
) -> None:
    for number in range(8):
        send(server, f"high-{number}", NAMES.events("high"))
    send(server, "low", NAMES.events("low"))
    ledger = open_ledger()

    messages = [claim.message for _ in range(9) if (claim := ledger.claim()) is not None]

    assert messages.index(b"low") == 7
    assert messages[0] == b"high-0"


def test_an_event_belongs_to_one_worker_until_its_lease_expires(server: LiveServer, open_ledger: OpenLedger) -> None:
    send(server, "event")
    first, second = open_ledger(), open_ledger()
    held = first.claim()
    assert held is not None
    assert second.claim() is None

    again = claim_after_lease(second)

    assert again.deliveries == 2
    assert not first.renew(held)
    assert not first.release_claim(held)
    assert _finish(first, held, _answer(held.entry)) is Outcome.FENCED
    assert read_results(server) == []
    assert second.renew(again)


def test_a_heartbeat_renews_the_lease_and_stops_at_the_deadline(server: LiveServer, open_ledger: OpenLedger) -> None:
    send(server, "event")
    first, second = open_ledger(), open_ledger()
    held = first.claim()
    assert held is not None

    with Heartbeat(first, held, deadline=time.monotonic() + 1.0) as heartbeat:
        pass_time(0.9, second)
        assert second.claim() is None
        heartbeat.require_lease()
        claim_after_lease(second)


def test_finishing_publishes_records_and_then_deletes(server: LiveServer, open_ledger: OpenLedger) -> None:
    send(server, "event")
    ledger = open_ledger()
    claim = ledger.claim()
    assert claim is not None

    assert _finish(ledger, claim, _answer(claim.entry)) is Outcome.PUBLISHED

    assert read_results(server) == ["chunk", "closing"]
    assert ledger.find_done(["offsample:done:x"], give_up_at=0) == DoneRecord(
        entry=claim.entry, digest="d", closing="closing"
    )
    assert server.connect().xlen(EVENTS) == 0
    assert not ledger.is_ready()


def test_a_finish_whose_reply_was_lost_can_be_repeated(server: LiveServer, open_ledger: OpenLedger) -> None:
    send(server, "event")
    ledger = open_ledger()
    claim = ledger.claim()
    assert claim is not None
    _finish(ledger, claim, _answer(claim.entry))

    assert _finish(ledger, claim, _answer(claim.entry)) is Outcome.ALREADY
    assert len(read_results(server)) == 2


def test_a_second_entry_of_a_finished_event_publishes_nothing(server: LiveServer, open_ledger: OpenLedger) -> None:
    send(server, "event")
    send(server, "event")
    ledger = open_ledger()
    first, second = ledger.claim(), ledger.claim()
    assert first is not None
    assert second is not None
    _finish(ledger, first, _answer(first.entry))

    outcome, record = ledger.finish(second, _answer(second.entry), give_up_at=time.monotonic())

    assert outcome is Outcome.DUPLICATE
    assert record is not None
    assert record.entry == first.entry
    assert len(read_results(server)) == 2
    assert ledger.renew(second)


def test_an_error_in_the_middle_of_finishing_loses_no_event(server: LiveServer, open_ledger: OpenLedger) -> None:
    """Results come first: when they cannot be written, nothing is recorded or deleted."""
    send(server, "event")
    ledger = open_ledger()
    claim = ledger.claim()
    assert claim is not None
    server.connect().set(NAMES.results, "no stream")

    with pytest.raises(ResponseError, match="WRONGTYPE"):
        _finish(ledger, claim, _answer(claim.entry))

    assert ledger.find_done(["offsample:done:x"], give_up_at=0) is None
    assert ledger.renew(claim)


def test_an_answer_that_cannot_be_published_whole_is_not_published_in_part(
    server: LiveServer, open_ledger: OpenLedger
) -> None:
    """Otherwise each retry would add the same rejection while its dead letter cannot be written."""
    send(server, "event")
    ledger = open_ledger()
    claim = ledger.claim()
    assert claim is not None
    server.connect().set(NAMES.dead_letters, "no stream")

    with pytest.raises(ResponseError, match="WRONGTYPE"):
        _finish(ledger, claim, _answer(done=False, letter=DeadLetter("too_large", "why")))

    assert read_results(server) == []


@pytest.mark.parametrize("key", [NAMES.dead_letters, NAMES.results, NAMES.postponed(EVENTS), NAMES.tickets])
def test_keys_of_another_type_are_a_configuration_error(server: LiveServer, key: str) -> None:
    server.connect().set(key, "something else's")
    ledger = Ledger(server.connect(), NAMES, lease_seconds=1, max_message_bytes=1000, done_seconds=3600)

    with pytest.raises(ConfigurationError, match=key):
        ledger.create_groups()


def test_a_dead_letter_holds_the_unchanged_event(server: LiveServer, open_ledger: OpenLedger) -> None:
    send(server, "x" * 900)
    ledger = open_ledger()
    claim = ledger.claim()
    assert claim is not None

    _finish(ledger, claim, _answer(done=False, letter=DeadLetter("too_many_deliveries", "why")))

    ((_, letter),) = server.connect().xrange(NAMES.dead_letters)
    assert letter[b"message"] == b"x" * 900
    assert (letter[b"error"], letter[b"reason"]) == (b"too_many_deliveries", b"why")
    assert letter[b"entry"] == claim.entry_id.encode()


def test_an_oversized_dead_letter_keeps_its_beginning_and_its_digest(
    server: LiveServer, open_ledger: OpenLedger
) -> None:
    message = "head" + "x" * 200_000
    server.connect().xadd(EVENTS, {"message": message, "payload": "y" * 200_000})
    ledger = open_ledger()
    claim = ledger.claim()
    assert claim is not None
    assert (claim.message, claim.message_bytes) == (None, 200_004)

    _finish(ledger, claim, _answer(done=False, letter=DeadLetter("too_large", "why")))

    ((_, letter),) = server.connect().xrange(NAMES.dead_letters)
    assert sum(map(len, letter.values())) < 20_000
    assert b"message" not in letter
    assert letter[b"message_head"].startswith(b"headx")
    assert letter[b"message_sha256"].decode() == sha256(message.encode()).hexdigest()
    assert int(letter[b"message_bytes"]) == 200_004


def test_an_outage_extends_every_claim_by_one_lease(server: LiveServer, open_ledger: OpenLedger) -> None:
    """Idle time passes while the server is down; the worker must be able to renew its lease afterwards."""
    send(server, "event")
    first, second = open_ledger(1.0), open_ledger(1.0)
    claim = first.claim()
    assert claim is not None
    server.kill()
    time.sleep(1.2)
    server.start()

    noticed = time.monotonic()
    assert second.claim() is None
    assert first.renew(claim)
    claim_after_lease(second)
    assert time.monotonic() - noticed >= 1.0


def test_a_full_server_refuses_writes_and_nothing_is_lost(server: LiveServer, open_ledger: OpenLedger) -> None:
    """Claims and results wait; heartbeats continue."""
    send(server, "event")
    send(server, "waits")
    ledger = open_ledger(30)
    claim = ledger.claim()
    assert claim is not None
    server.connect().config_set("maxmemory", "1mb")

    with pytest.raises(OutOfMemoryError):
        ledger.claim()
    with pytest.raises(ServerUnavailableError):
        _finish(ledger, claim, _answer(claim.entry))
    assert ledger.renew(claim)
    assert read_results(server) == []

    server.connect().config_set("maxmemory", "0")
    assert _finish(ledger, claim, _answer(claim.entry)) is Outcome.PUBLISHED
    assert ledger.claim() is not None


def test_a_trimmed_entry_blocks_nothing(server: LiveServer, open_ledger: OpenLedger) -> None:
    trimmed = send(server, "trimmed")
    ledger = open_ledger()
    assert ledger.claim() is not None
    server.connect().xdel(EVENTS, trimmed)
    pass_time(0.5, ledger)
    send(server, "next")

    claim = ledger.claim()

    assert claim is not None
    assert claim.message == b"next"


@pytest.mark.parametrize("ahead", ["seen", "grace_until"])
def test_a_server_clock_set_back_extends_claims_by_one_lease_only(
    server: LiveServer, open_ledger: OpenLedger, ahead: str
) -> None:
    """Idle times before and after cannot be compared; a clock that was an hour ahead must not block for an hour."""
    send(server, "event")
    ledger = open_ledger(1.0)
    assert ledger.claim() is not None
    pass_time(0.6, ledger)
    server.connect().hset(NAMES.clock, ahead, int((time.time() + 3600) * 1000))
    noticed = time.monotonic()

    claim_after_lease(ledger)
    assert time.monotonic() - noticed >= 1.0


def test_only_consumers_without_entries_are_swept(server: LiveServer, open_ledger: OpenLedger) -> None:
    send(server, "one")
    send(server, "two")
    idle, busy = open_ledger(), open_ledger()
    claim = idle.claim()
    assert claim is not None
    _finish(idle, claim, _answer(claim.entry))
    assert busy.claim() is not None
    time.sleep(0.05)

    busy.sweep_consumers(idle_seconds=0.01)

    names = [consumer["name"].decode() for consumer in server.connect().xinfo_consumers(EVENTS, GROUP)]
    assert names == [busy.consumer]
    assert server.connect().xpending(EVENTS, GROUP)["pending"] == 1


def test_on_an_emptied_server_leases_are_lost_and_work_continues(server: LiveServer, open_ledger: OpenLedger) -> None:
    send(server, "event")
    ledger = open_ledger()
    claim = ledger.claim()
    assert claim is not None
    server.connect().flushall()

    assert not ledger.renew(claim)
    assert _finish(ledger, claim, _answer(claim.entry)) is Outcome.FENCED
    assert not ledger.is_ready()
    send(server, "after")
    assert ledger.is_ready()
    again = ledger.claim()
    assert again is not None
    assert again.message == b"after"


def test_no_second_ticket_is_needed_while_one_waits(server: LiveServer, open_ledger: OpenLedger) -> None:
    send(server, "event")
    ledger = open_ledger()
    assert ledger.is_ready()
    server.connect().lpush(NAMES.tickets, "ticket")
    assert not ledger.is_ready()


def test_a_consumer_that_claims_an_event_again_has_lost_its_first_claim(
    server: LiveServer, open_ledger: OpenLedger
) -> None:
    """A lease is held by consumer and delivery count, not by the consumer alone."""
    send(server, "event")
    ledger = open_ledger()
    first = ledger.claim()
    assert first is not None
    second = claim_after_lease(ledger)
    assert (second.consumer, second.deliveries) == (first.consumer, 2)

    assert not ledger.renew(first)
    assert _finish(ledger, first, _answer(first.entry)) is Outcome.FENCED
    assert ledger.renew(second)


def test_an_oversized_event_never_leaves_the_server(server: LiveServer, open_ledger: OpenLedger) -> None:
    """A worker sees only its size."""
    send(server, "x" * 1_000_000)
    ledger = open_ledger()
    sent_before = _bytes_sent_by(server)

    ledger.claim()

    assert _bytes_sent_by(server) - sent_before < 100_000


def _bytes_sent_by(server: LiveServer) -> int:
    client = server.connect()
    return int(client.info("stats")["total_net_output_bytes"])


def test_deleted_unclaimed_entries_are_not_work(server: LiveServer, open_ledger: OpenLedger) -> None:
    """A producer that deletes its event causes no endless tickets, and hides no other event from workers."""
    ledger = open_ledger()
    server.connect().xdel(EVENTS, send(server, "taken back"))
    assert not ledger.is_ready()
    server.connect().xdel(EVENTS, send(server, "taken back too"))
    send(server, "event")
    assert ledger.is_ready()
    server.connect().xdel(EVENTS, send(server, "taken back last"))
    assert ledger.claim() is not None  # it is pending, so the stream is not empty and the server reports no lag
    assert not ledger.is_ready()


def test_finishing_waits_for_an_unavailable_server(server: LiveServer, open_ledger: OpenLedger) -> None:
    """An outage between the last image and the results costs no attempt."""
    send(server, "event")
    ledger = open_ledger(30)
    claim = ledger.claim()
    assert claim is not None
    server.kill()
    restart = threading.Timer(1.0, server.start)
    restart.start()

    assert ledger.find_done(["offsample:done:x"], give_up_at=time.monotonic() + 20) is None
    outcome, _ = ledger.finish(claim, _answer(claim.entry), give_up_at=time.monotonic() + 20)

    restart.join()
    assert outcome is Outcome.PUBLISHED
    assert read_results(server) == ["chunk", "closing"]
