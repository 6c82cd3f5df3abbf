"""What tests of the operators' commands do to the queue: send, claim, finish and reject, as a worker does."""

import json
import time
from collections.abc import Callable
from typing import Any

from command_running import Ended
from ledger_driving import EVENTS, NAMES, read_results
from live_service import LiveServer, make_event

from shared.errors import InvalidMessageError
from worker.events.answers import rejected_answer
from worker.ledger.claim import Answer, Claim, DoneRecord
from worker.ledger.ledger import Ledger
from worker.messages.event import read_identity

Offsample = Callable[..., Ended]
"""Runs a command and returns what it printed."""


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
