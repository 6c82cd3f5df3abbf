"""Whether a claimed event may run, or must wait for other events of its source."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import structlog
from redis.exceptions import RedisError

from shared.errors import InvalidInputError
from worker.events.running_event import EventRun
from worker.ledger.claim import Claim
from worker.ledger.ledger import Ledger
from worker.messages.event import read_identity
from worker.metrics.event_metrics import HandBack

_CLAIMED_TOGETHER = 100
_log = structlog.get_logger(__name__)


@contextmanager
def admitted(run: EventRun) -> Iterator[bool]:
    """Whether the event may run in this block; if not, it was parked. Afterwards, others of its source may run.

    Raises
    ------
    LeaseLostError
        When another worker has the event.
    """
    quota, source = run.runtime.quota, run.identity.source
    if not quota.limit or source is None:
        yield True
        return
    if not _admit(run, source):
        yield False
        return
    try:
        yield True
    finally:
        with suppress(RedisError):  # the next sweep of any worker does it
            quota.unpark(source)


def _admit(run: EventRun, source: str) -> bool:
    """Admit the event, or park it; without an answer of the server it runs."""
    try:
        is_admitted = run.runtime.quota.admit(run.claim, source)
    except RedisError as error:
        _log.debug("quota_not_checked", error=str(error))
        return True
    if not is_admitted:
        _park(run, source)
    return is_admitted


def _park(run: EventRun, source: str) -> None:
    """Park the event and those of its source behind it; if that fails, it is claimed again when its lease expires."""
    run.heartbeat.stop()
    try:
        run.runtime.quota.park([run.claim], source)
        events = 1 + _park_others(run, source)
        run.runtime.metrics.count_handed_back(HandBack.PARKED, events)
        _log.info("events_parked", source=source, events=events)
    except RedisError as error:
        _log.warning("event_not_released", error=str(error))


def _park_others(run: EventRun, source: str) -> int:
    """Park waiting events of the same source, many at a time, so that those of other sources come first."""
    ledger, quota = run.runtime.ledger, run.runtime.quota
    give_up_at = time.monotonic() + run.runtime.settings.lease_seconds / 4
    parked = 0
    while time.monotonic() < give_up_at:
        claims = ledger.claim_new(run.claim.stream, _CLAIMED_TOGETHER)
        with released_on_error(ledger, claims):
            own = [claim for claim in claims if _find_source(claim) == source]
            if own:
                quota.park(own, source)
            ledger.release_claims([(claim, 0.0) for claim in claims if claim not in own])
        parked += len(own)
        if not claims or len(own) < len(claims):
            break
    return parked


def _find_source(claim: Claim) -> str | None:
    try:
        return read_identity(claim.message).source if claim.message is not None else None
    except (InvalidInputError, MemoryError):
        return None


@contextmanager
def released_on_error(ledger: Ledger, claims: list[Claim]) -> Iterator[None]:
    """Release the claims if anything ends the block early, SIGTERM included."""
    try:
        yield
    except BaseException:
        with suppress(RedisError):
            ledger.release_claims([(claim, 0.0) for claim in claims])
        raise
