"""Answers too large for one script, on a real server: published in steps, whole and once."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from ledger_driving import EVENTS, NAMES, claim_after_lease, read_results, send
from live_service import LiveServer

from worker.ledger.claim import Answer, Claim, DoneRecord, Outcome
from worker.ledger.ledger import SCRIPT_BYTES, Ledger, split_by_size
from worker.ledger.names import GROUP

OpenLedger = Callable[..., Ledger]
INDEX = NAMES.answers("event")
MESSAGES = [str(number) * 300_000 for number in range(9)] + ["closing"]


class Died(BaseException):
    """The process dies here."""


class LedgerThatDies(Ledger):
    """Dies between two scripts: after the answer is committed, and `steps` scripts later."""

    steps = 0

    def publish_rest(self, done: DoneRecord, index_key: str, *, give_up_at: float) -> None:  # noqa: ARG002
        stream, _, entry_id = done.entry.rpartition("/")
        keys = [NAMES.outbox(done.entry), NAMES.results, index_key, stream]
        for _ in range(self.steps):
            self._scripts.publish(keys=keys, args=[GROUP, entry_id, SCRIPT_BYTES, 60])
        raise Died


def _claim(ledger: Ledger) -> Claim:
    claim = ledger.claim()
    assert claim is not None
    return claim


def _answer(claim: Claim, messages: list[str] = MESSAGES) -> Answer:
    done = DoneRecord(version=2, entry=claim.entry, digest="d", closing="closing")
    return Answer("offsample:done:x", INDEX, messages, done)


def _finish(ledger: Ledger, claim: Claim, answer: Answer) -> Outcome:
    outcome, _ = ledger.finish(claim, answer, give_up_at=time.monotonic())
    return outcome


def _open_dying_ledger(server: LiveServer, steps: int) -> LedgerThatDies:
    ledger = LedgerThatDies(server.connect(), NAMES, lease_seconds=0.4, max_message_bytes=1000, done_seconds=3600)
    ledger.steps = steps
    ledger.create_groups()
    return ledger


def _left_keys(server: LiveServer) -> list[Any]:
    return [*server.connect().scan_iter("*:staged:*"), *server.connect().scan_iter("*:outbox:*")]


def test_a_large_answer_is_published_as_a_whole_and_leaves_no_keys(server: LiveServer, open_ledger: OpenLedger) -> None:
    send(server, "event")
    ledger = open_ledger()
    claim = _claim(ledger)

    assert _finish(ledger, claim, _answer(claim)) is Outcome.PUBLISHED

    assert read_results(server) == MESSAGES
    assert server.connect().xlen(EVENTS) == 0
    assert _left_keys(server) == []
    assert not ledger.is_ready()


def test_no_script_handles_much_more_than_its_size_limit(server: LiveServer, open_ledger: OpenLedger) -> None:
    """The server answers no other client while a script runs."""
    largest = max(map(len, MESSAGES))
    assert all(sum(map(len, some)) < SCRIPT_BYTES + largest for some in split_by_size(MESSAGES, SCRIPT_BYTES))
    send(server, "event")
    ledger = open_ledger()
    claim = _claim(ledger)
    server.connect().config_resetstat()

    _finish(ledger, claim, _answer(claim))

    assert server.connect().info("commandstats")["cmdstat_evalsha"]["calls"] >= 2 * 2_700_000 // SCRIPT_BYTES


@pytest.mark.parametrize("steps", [0, 1])
def test_an_answer_whose_worker_dies_while_publishing_is_completed_by_the_next(
    server: LiveServer, open_ledger: OpenLedger, steps: int
) -> None:
    send(server, "event")
    dying, other = _open_dying_ledger(server, steps), open_ledger()
    claim = _claim(dying)
    with pytest.raises(Died):
        _finish(dying, claim, _answer(claim))
    assert len(read_results(server)) < len(MESSAGES)

    again = claim_after_lease(other)
    assert again.entry == claim.entry
    assert _finish(other, again, _answer(again, ["another", "answer"])) is Outcome.ALREADY

    assert read_results(server) == MESSAGES
    assert server.connect().xlen(EVENTS) == 0
    assert _left_keys(server) == []


def test_a_repeat_is_answered_after_the_whole_first_answer(server: LiveServer, open_ledger: OpenLedger) -> None:
    """A closing message never overtakes the chunks that it closes."""
    send(server, "event")
    send(server, "event")
    dying, other = _open_dying_ledger(server, 1), open_ledger()
    claim, repeat = _claim(dying), _claim(other)
    with pytest.raises(Died):
        _finish(dying, claim, _answer(claim))

    outcome, done = other.finish(repeat, _answer(repeat), give_up_at=time.monotonic())

    assert outcome is Outcome.DUPLICATE
    assert done is not None
    assert read_results(server) == MESSAGES
    assert other.renew(repeat)


def test_a_staged_answer_is_not_committed_without_the_lease(server: LiveServer, open_ledger: OpenLedger) -> None:
    send(server, "event")
    first, second = open_ledger(), open_ledger()
    claim = _claim(first)
    again = claim_after_lease(second)

    assert _finish(first, claim, _answer(claim)) is Outcome.FENCED
    assert read_results(server) == []
    assert _finish(second, again, _answer(again)) is Outcome.PUBLISHED
    assert read_results(server) == MESSAGES


def test_the_entries_of_an_answer_can_be_found_by_its_event(server: LiveServer, open_ledger: OpenLedger) -> None:
    for messages in (["small", "closing"], MESSAGES):
        send(server, "event")
        ledger = open_ledger()
        claim = _claim(ledger)
        server.connect().delete("offsample:done:x")
        _finish(ledger, claim, _answer(claim, messages))

    listed = server.connect().lrange(INDEX, 0, -1)

    assert listed == [entry_id for entry_id, _ in server.connect().xrange(NAMES.results)]
    assert 0 < server.connect().ttl(INDEX) <= 3600


def test_an_answered_entry_without_an_outbox_is_removed(server: LiveServer, open_ledger: OpenLedger) -> None:
    """Otherwise it would be claimed at every lease for as long as its record lasts."""
    send(server, "event")
    dying, other = _open_dying_ledger(server, 0), open_ledger()
    claim = _claim(dying)
    with pytest.raises(Died):
        _finish(dying, claim, _answer(claim))
    server.connect().delete(NAMES.outbox(claim.entry))
    again = claim_after_lease(other)

    assert _finish(other, again, _answer(again)) is Outcome.ALREADY
    assert server.connect().xlen(EVENTS) == 0


def test_an_entry_deleted_while_it_runs_is_not_taken_for_answered(server: LiveServer, open_ledger: OpenLedger) -> None:
    entry = send(server, "event")
    ledger = open_ledger()
    claim = _claim(ledger)
    server.connect().xdel(EVENTS, entry)
    server.connect().xack(EVENTS, GROUP, entry)

    assert _finish(ledger, claim, _answer(claim, ["chunk", "closing"])) is Outcome.FENCED
    assert read_results(server) == []
