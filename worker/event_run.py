"""Run one event, from claim to finish."""

import time

import structlog
from redis.exceptions import RedisError

from shared.errors import LeaseLostError, TransientError
from shared.messages.event import EventIdentity, read_identity
from worker.ledger.claim import Claim, Outcome
from worker.ledger.heartbeat import Heartbeat
from worker.runtime import Runtime
from worker.verdict import EventRun, judge_duplicate, judge_event

_FINISH_GRACE_SECONDS = 10.0
_log = structlog.get_logger(__name__)


def run_event(claim: Claim, runtime: Runtime) -> None:
    """Answer the claimed event, exactly once in effect.

    An error of the caller's becomes a `rejected` message. A store that is down or a drain cut short hands the event
    back. A lost lease drops the work, for another worker has it. Anything else is a defect or the deployment's error:
    it propagates, and the event is tried again when its lease has passed.
    """
    deadline = time.monotonic() + runtime.settings.event_timeout_seconds
    identity = EventIdentity() if claim.message is None else read_identity(claim.message)
    with (
        structlog.contextvars.bound_contextvars(event_id=identity.event_id, dataset_id=identity.dataset_id),
        Heartbeat(runtime.ledger, claim, deadline + _FINISH_GRACE_SECONDS) as heartbeat,
    ):
        try:
            _judge_and_finish(EventRun(claim, identity, runtime, heartbeat, deadline))
        except LeaseLostError as error:
            _log.warning("event_fenced", entry=claim.entry, reason=str(error))
        except TransientError as error:
            heartbeat.stop()
            _hand_back(claim, runtime, runtime.settings.retry_seconds, str(error))
        except SystemExit:
            heartbeat.stop()
            _hand_back(claim, runtime, 0.0, "worker is shutting down")
            raise


def _judge_and_finish(run: EventRun) -> None:
    """Publish the verdict, and write the event's one log line."""
    claim, ledger = run.claim, run.runtime.ledger
    give_up_at = run.deadline + _FINISH_GRACE_SECONDS
    verdict = judge_event(run)
    outcome, done = ledger.finish(claim, verdict.answer, give_up_at=give_up_at)
    if outcome is Outcome.DUPLICATE and done is not None:
        verdict = judge_duplicate(run, verdict, done)
        outcome, _ = ledger.finish(claim, verdict.answer, give_up_at=give_up_at)
    if outcome is Outcome.FENCED:
        raise LeaseLostError(f"lease of {claim.entry} was lost before its results were published")
    log = _log.warning if verdict.is_refusal else _log.info
    log(verdict.name, entry=claim.entry, deliveries=claim.deliveries, outcome=outcome.value, **verdict.facts)


def _hand_back(claim: Claim, runtime: Runtime, delay_seconds: float, reason: str) -> None:
    try:
        held = runtime.ledger.hand_back(claim, delay_seconds)
    except RedisError as error:
        _log.warning("event_not_handed_back", entry=claim.entry, reason=reason, error=str(error))
        return
    _log.warning("event_handed_back", entry=claim.entry, reason=reason, held=held)
