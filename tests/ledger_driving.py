"""Helpers of the ledger's tests, on a real server."""

import time

from live_service import LiveServer, wait_until

from worker.ledger.claim import Claim
from worker.ledger.ledger import Ledger
from worker.ledger.names import Names

NAMES = Names()
EVENTS = NAMES.events("normal")


def send(server: LiveServer, message: str, stream: str = EVENTS) -> str:
    """XADD an event and return its entry id."""
    return server.connect().xadd(stream, {"message": message}).decode()


def read_results(server: LiveServer) -> list[str]:
    """The results stream's messages."""
    return [fields[b"message"].decode() for _, fields in server.connect().xrange(NAMES.results)]


def pass_time(seconds: float, ledger: Ledger) -> None:
    """Let time pass while asking for work, as a worker does; a silent period would count as an outage."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ledger.is_ready()
        time.sleep(0.02)


def claim_after_lease(ledger: Ledger) -> Claim:
    """Claim an entry that is held, as soon as its lease has expired; on a slow machine a silence may extend it."""
    found = wait_until(ledger.claim, "the lease expires", 20)
    assert isinstance(found, Claim)
    return found
