"""Events that cannot run now, on a real server: they wait aside, and come back."""

import time
from collections.abc import Callable

from ledger_driving import EVENTS, NAMES, claim_after_lease, pass_time, send
from live_service import LiveServer, wait_until

from worker.ledger.claim import Claim
from worker.ledger.ledger import Ledger

OpenLedger = Callable[..., Ledger]


def _claim(ledger: Ledger) -> Claim:
    claim = ledger.claim()
    assert claim is not None
    return claim


def test_a_released_event_is_claimed_next_and_its_attempt_is_not_counted(
    server: LiveServer, open_ledger: OpenLedger
) -> None:
    send(server, "event")
    send(server, "behind")
    first, second = open_ledger(), open_ledger()
    claim = _claim(first)

    assert first.release_claim(claim)

    again = _claim(second)
    assert (again.message, again.deliveries, again.postponements) == (b"event", 1, 0)
    assert not first.renew(claim)
    assert not first.release_claim(claim)


def test_a_postponed_event_can_wait_longer_than_a_lease(server: LiveServer, open_ledger: OpenLedger) -> None:
    send(server, "event")
    ledger = open_ledger(0.2)
    for notices in (ledger.is_ready, ledger.claim):
        claim = _claim(ledger)
        released = time.monotonic()
        ledger.release_claim(claim, 0.5)

        found = wait_until(notices, "the event has waited", 20)

        assert time.monotonic() - released >= 0.5
    assert found.deliveries == 1


def test_a_claim_knows_how_often_and_how_long_its_event_was_postponed(
    server: LiveServer, open_ledger: OpenLedger
) -> None:
    send(server, "event")
    ledger = open_ledger()
    for expected in range(3):
        claim = _claim(ledger)
        assert claim.postponements == expected
        ledger.release_claim(claim, 0.1)
        pass_time(0.15, ledger)

    claim = _claim(ledger)
    assert claim.postponements == 3
    assert 0.4 < claim.postponed_seconds < 10
    ledger.release_claim(claim)
    assert _claim(ledger).postponements == 3


def test_attempts_that_killed_a_worker_still_count_after_a_postponement(
    server: LiveServer, open_ledger: OpenLedger
) -> None:
    send(server, "event")
    ledger = open_ledger(0.3)
    _claim(ledger)
    second = claim_after_lease(ledger)
    assert second.deliveries == 2

    ledger.release_claim(second, 0.05)
    pass_time(0.1, ledger)

    assert _claim(ledger).deliveries == 2


def test_postponed_events_delay_others_by_at_most_one_claim_in_four(
    server: LiveServer, open_ledger: OpenLedger
) -> None:
    ledger = open_ledger(30)
    for number in range(40):
        send(server, f"postponed {number}")
    for claim in [_claim(ledger) for _ in range(40)]:
        ledger.release_claim(claim, 0.001)
    pass_time(0.05, ledger)
    for number in range(30):
        send(server, f"new {number}")

    messages = [_claim(ledger).message or b"" for _ in range(40)]

    for start in range(0, 40, 4):
        assert sum(message.startswith(b"postponed") for message in messages[start : start + 4]) == 1
    assert [message for message in messages if message.startswith(b"new")][-1] == b"new 29"


def test_a_low_priority_event_is_not_starved_by_urgent_and_postponed_ones(
    server: LiveServer, open_ledger: OpenLedger
) -> None:
    ledger = open_ledger(30)
    for number in range(20):
        send(server, f"postponed {number}", NAMES.events("high"))
    for claim in [_claim(ledger) for _ in range(20)]:
        ledger.release_claim(claim, 0.001)
    pass_time(0.05, ledger)
    for number in range(20):
        send(server, f"urgent {number}", NAMES.events("high"))
    send(server, "low", NAMES.events("low"))

    assert b"low" in [_claim(ledger).message for _ in range(9)]


def test_several_new_events_are_claimed_together_and_released_in_order(
    server: LiveServer, open_ledger: OpenLedger
) -> None:
    for number in range(5):
        send(server, f"event {number}")
    ledger = open_ledger()

    claims = ledger.claim_new(EVENTS, 4)
    assert [claim.message for claim in claims] == [b"event 0", b"event 1", b"event 2", b"event 3"]
    ledger.release_claims([(claim, 60.0 if number == 1 else 0.0) for number, claim in enumerate(claims)])

    found = [_claim(ledger) for _ in range(4)]
    assert [claim.message for claim in found] == [b"event 0", b"event 2", b"event 3", b"event 4"]
    assert {claim.deliveries for claim in found} == {1}
    assert ledger.claim() is None


def test_a_deleted_postponed_event_blocks_nothing(server: LiveServer, open_ledger: OpenLedger) -> None:
    deleted = send(server, "deleted")
    ledger = open_ledger()
    ledger.release_claim(_claim(ledger), 0.01)
    server.connect().xdel(EVENTS, deleted)
    send(server, "next")
    pass_time(0.05, ledger)

    assert _claim(ledger).message == b"next"
    assert ledger.claim() is None
    assert not ledger.is_ready()


def test_a_malformed_member_of_the_postponed_set_stops_no_claims(server: LiveServer, open_ledger: OpenLedger) -> None:
    server.connect().zadd(NAMES.postponed(EVENTS), {"not ours": 0})
    send(server, "event")
    ledger = open_ledger()

    assert _claim(ledger).message == b"event"
    assert server.connect().zcard(NAMES.postponed(EVENTS)) == 0
