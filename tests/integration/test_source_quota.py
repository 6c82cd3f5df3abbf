"""The quota of a source on a real server: who may run, who is parked, and that nothing stays parked."""

import json
import time
from collections.abc import Callable

import pytest
from ledger_driving import EVENTS, NAMES, claim_after_lease
from live_service import LiveServer, make_event

from shared.errors import LeaseLostError
from worker.ledger.claim import Answer, Claim
from worker.ledger.ledger import Ledger
from worker.ledger.quota import SourceQuota

OpenLedger = Callable[..., Ledger]


def send(server: LiveServer, source: str, stream: str = EVENTS) -> str:
    return server.connect().xadd(stream, {"message": json.dumps(make_event() | {"source": source})}).decode()


def open_quota(server: LiveServer, limit: int) -> SourceQuota:
    return SourceQuota(server.connect(), NAMES, limit)


def claim(ledger: Ledger) -> Claim:
    found = ledger.claim()
    assert found is not None
    return found


def end(ledger: Ledger, held: Claim) -> None:
    answer = Answer("offsample:done:x", f"offsample:answers:{held.entry_id}", ["closing"])
    ledger.finish(held, answer, give_up_at=time.monotonic() + 10)


def test_no_more_events_of_a_source_run_than_the_quota(server: LiveServer, open_ledger: OpenLedger) -> None:
    for source in ("/a", "/a", "/a", "/b"):
        send(server, source)
    ledger, quota = open_ledger(30), open_quota(server, 2)
    first, second, third, other = [claim(ledger) for _ in range(4)]

    assert [quota.admit(held, "/a") for held in (first, second, third)] == [True, True, False]
    assert quota.admit(first, "/a"), "admitted before"
    assert quota.admit(other, "/b")


def test_a_parked_event_is_claimed_when_one_of_its_source_ends(server: LiveServer, open_ledger: OpenLedger) -> None:
    entries = [send(server, "/a") for _ in range(3)]
    ledger, quota = open_ledger(30), open_quota(server, 1)
    first, second, third = [claim(ledger) for _ in range(3)]
    assert quota.admit(first, "/a")
    quota.park([third, second], "/a")

    assert ledger.claim() is None
    assert not ledger.is_ready()
    assert quota.unpark("/a") == 0
    end(ledger, first)
    assert quota.unpark("/a") == 1

    again = claim(ledger)
    assert (again.entry_id, again.deliveries) == (entries[1], 1), "the oldest, and no attempt was counted"
    assert quota.admit(again, "/a")
    assert ledger.claim() is None


def test_the_most_urgent_parked_event_comes_first(server: LiveServer, open_ledger: OpenLedger) -> None:
    for stream in reversed(NAMES.streams):
        send(server, "/a", stream)
    ledger, quota = open_ledger(30), open_quota(server, 1)
    quota.park([claim(ledger) for _ in NAMES.streams], "/a")

    quota.unpark("/a")

    assert claim(ledger).stream == NAMES.events("high")


def test_events_that_a_dead_worker_parked_or_ran_are_unparked_by_a_sweep(
    server: LiveServer, open_ledger: OpenLedger
) -> None:
    """It died after its event was finished, before it could unpark another."""
    send(server, "/a")
    parked = send(server, "/a")
    ledger, quota = open_ledger(30), open_quota(server, 1)
    first, second = claim(ledger), claim(ledger)
    quota.admit(first, "/a")
    quota.park([second], "/a")
    end(ledger, first)

    assert open_quota(server, 1).sweep() == 1
    assert claim(ledger).entry_id == parked
    assert server.connect().scard(NAMES.parked_sources) == 0


def test_without_a_quota_everything_is_unparked(server: LiveServer, open_ledger: OpenLedger) -> None:
    for _ in range(5):
        send(server, "/a")
    ledger = open_ledger(30)
    held = [claim(ledger) for _ in range(5)]
    quota = open_quota(server, 1)
    quota.admit(held[0], "/a")
    quota.park(held[1:], "/a")

    assert open_quota(server, 0).sweep() == 4
    assert len([claim(ledger) for _ in range(4)]) == 4


def test_a_lost_lease_is_neither_admitted_nor_parked(server: LiveServer, open_ledger: OpenLedger) -> None:
    send(server, "/a")
    ledger, quota = open_ledger(0.3), open_quota(server, 1)
    lost = claim(ledger)
    again = claim_after_lease(ledger)

    with pytest.raises(LeaseLostError):
        quota.admit(lost, "/a")
    quota.park([lost], "/a")
    assert ledger.renew(again)
    assert quota.sweep() == 0


def test_an_emptied_server_admits_again(server: LiveServer, open_ledger: OpenLedger) -> None:
    ledger, quota = open_ledger(30), open_quota(server, 1)
    send(server, "/a")
    quota.admit(claim(ledger), "/a")
    server.connect().flushall()
    ledger.create_groups()
    send(server, "/a")
    assert quota.admit(claim(ledger), "/a")
