"""Run one event, from claim to finish."""

import time
from dataclasses import replace

import structlog
from redis.exceptions import RedisError

from shared.errors import LeaseLostError, NoRoomError, ServerUnavailableError, StoreAwayError, TransientError
from worker.events.admission import admitted, released_on_error
from worker.events.judging import find_stores, judge_duplicate, judge_event, judge_unavailable
from worker.events.loss import describe_loss
from worker.events.running_event import EventRun
from worker.events.shadow_run import run_shadow
from worker.events.verdict import Verdict
from worker.ledger.claim import Claim, Outcome
from worker.ledger.heartbeat import Heartbeat
from worker.ledger.presence import RunRecord
from worker.memory_limit import is_memory_error
from worker.messages.event import EventIdentity, read_identity
from worker.metrics.event_metrics import HandBack
from worker.metrics.measures import Measures
from worker.runtime import Runtime
from worker.stores.outages import choose_delay_seconds

_FINISH_GRACE_SECONDS = 10.0
_HEARTBEAT_GRACE_SECONDS = 45.0
"""After the deadline a run may still wait for one file's fetch; Celery's hard limit is a minute after it."""

_CLAIMED_TOGETHER = 100
_MIN_POSTPONEMENTS = 3
"""An event is not given up before it was postponed so often, however long ago the first time was."""

_log = structlog.get_logger(__name__)


def run_event(claim: Claim, runtime: Runtime, task_id: str | None = None) -> None:
    """Answer the claimed event, exactly once in effect.

    Invalid input becomes a `rejected` message. An unavailable store postpones the event, and a drain that is cut short
    releases it. When the lease is lost, another worker has the event and the work is dropped. Any other error is a
    defect or a deployment error: it propagates, and the event is tried again after its lease has expired.
    """
    deadline = time.monotonic() + runtime.settings.event_timeout_seconds
    identity = _read_identity(claim, runtime.settings.max_deliveries)
    with (
        runtime.tracer.follow(claim, identity) as trace,
        structlog.contextvars.bound_contextvars(
            event_id=identity.event_id,
            dataset_id=identity.dataset_id,
            entry=claim.entry,
            task_id=task_id,
            **trace.log_ids,
        ),
        Heartbeat(runtime.ledger, claim, deadline + _HEARTBEAT_GRACE_SECONDS) as heartbeat,
    ):
        followed = replace(identity, traceparent=trace.traceparent)
        run = EventRun(claim, followed, runtime, heartbeat, deadline, trace)
        answered: Verdict | None = None
        try:
            with admitted(run) as is_admitted:
                if is_admitted:
                    _record_run(run, task_id)
                    answered = _run(run)
                else:
                    trace.conclude("parked")
        except LeaseLostError as error:
            runtime.metrics.count_fenced()
            reason = describe_loss(run, error)
            trace.conclude("fenced", error=error.code, reason=reason)
            _log.warning("event_fenced", reason=reason)
        except SystemExit:
            heartbeat.stop()
            trace.conclude("released", error="drained", reason="worker is shutting down")
            if _release(run, 0.0):
                runtime.metrics.count_handed_back(HandBack.DRAINED)
                _log.warning("event_released", reason="worker is shutting down")
            raise
        if answered is not None and answered.classified is not None:
            run_shadow(run, answered.classified)


def _read_identity(claim: Claim, max_deliveries: int) -> EventIdentity:
    """Who sent which event; unknown for a message that is too large, or whose parsing itself may end the process."""
    if claim.message is None or claim.deliveries > max_deliveries + 1:
        return EventIdentity()
    try:
        return read_identity(claim.message)
    except Exception as error:
        if not is_memory_error(error):
            raise
        return EventIdentity()


def _record_run(run: EventRun, task_id: str | None) -> None:
    """Tell people which event runs here; the event runs without that too."""
    claim, identity, settings = run.claim, run.identity, run.runtime.settings
    record = RunRecord(
        event_id=identity.event_id,
        event_source=identity.source,
        dataset_id=identity.dataset_id,
        trace_id=identity.trace_id,
        task_id=task_id,
        consumer=claim.consumer,
        started_ms=claim.claimed_ms,
    )
    try:
        run.runtime.ledger.hints.record_run(claim, record, settings.event_timeout_seconds + settings.lease_seconds)
    except RedisError as error:
        _log.debug("run_not_recorded", error=str(error))


def _run(run: EventRun) -> Verdict | None:
    """What the event was answered with; None when it was not answered now."""
    try:
        return _finish_or_give_up(run)
    except ServerUnavailableError as error:
        _postpone(run, "server of the queue", error)
    except NoRoomError as error:
        _postpone(run, "temporary folder", error)
    except TransientError as error:
        _postpone(run, find_stores(run), error)
    return None


def _finish_or_give_up(run: EventRun) -> Verdict | None:
    """Finish the event; one that was tried for too long is rejected.

    Raises
    ------
    TransientError
        When it shall be tried again.
    """
    try:
        return _finish(run, judge_event(run))
    except (ServerUnavailableError, StoreAwayError):  # not tried, or done but for its answer
        raise
    except TransientError as error:
        claim, limit_seconds = run.claim, run.runtime.settings.unavailable_seconds
        if claim.postponed_seconds < limit_seconds or claim.postponements < _MIN_POSTPONEMENTS:
            raise
        return _finish(run, judge_unavailable(run, error))


def _finish(run: EventRun, verdict: Verdict) -> Verdict | None:
    """Publish the verdict and log the event; the verdict that was published, None when an earlier one had been."""
    claim, ledger = run.claim, run.runtime.ledger
    give_up_at = run.deadline + _FINISH_GRACE_SECONDS
    started = time.perf_counter()
    with run.trace.finishing(ledger.names.results, len(verdict.answer.messages)):
        outcome, done = ledger.finish(claim, verdict.answer, give_up_at=give_up_at)
        if outcome is Outcome.DUPLICATE and done is not None:
            verdict = judge_duplicate(run, verdict, done)
            outcome, _ = ledger.finish(claim, verdict.answer, give_up_at=give_up_at)
    if outcome is Outcome.FENCED:
        raise LeaseLostError(f"lease of {claim.entry} was lost before its results were published")
    if outcome is Outcome.ALREADY and done is not None and verdict.answer.done is None:
        # An earlier delivery committed its answer; all of it is published by now.
        run.trace.conclude("answered_before")
        _log.info("event_answered_before", deliveries=claim.deliveries)
        return None
    _count(run, verdict, time.perf_counter() - started)
    run.trace.conclude(verdict.name.partition("_")[2], verdict.facts, error=verdict.error, reason=verdict.reason)
    log = _log.warning if verdict.is_refusal else _log.info
    log(verdict.name, deliveries=claim.deliveries, outcome=outcome.value, **verdict.facts)
    return verdict


def _count(run: EventRun, verdict: Verdict, publish_seconds: float) -> None:
    metrics = run.runtime.metrics
    metrics.count_finished(verdict.name, len(verdict.answer.messages), publish_seconds, verdict.error)
    if verdict.measures is not None:
        metrics.observe(verdict.measures)
        _record_profile(run, verdict.measures)


def _record_profile(run: EventRun, measures: Measures) -> None:
    """Keep what the dataset is like for `offsample drift`; the event is answered without that too."""
    if measures.profile is None:
        return
    try:
        run.runtime.ledger.hints.record_profile(measures.release, measures.profile.model_dump_json())
    except RedisError as error:
        _log.debug("profile_not_recorded", error=str(error))


def _postpone(run: EventRun, what: str, error: TransientError) -> None:
    """Release the event to be tried again later, because `what` is unavailable."""
    settings, outages = run.runtime.settings, run.runtime.outages
    run.heartbeat.stop()
    run.trace.conclude("postponed", error=error.code, reason=str(error))
    if _release(run, choose_delay_seconds(run.claim.postponements, settings.retry_seconds)):
        run.runtime.metrics.count_handed_back(HandBack.POSTPONED)
        outages.log_postponed(what, str(error))
    if outages.is_away(what):
        _postpone_others(run)


def _postpone_others(run: EventRun) -> None:
    """Postpone waiting events whose stores are known to be unavailable too, many at a time."""
    ledger, outages, settings = run.runtime.ledger, run.runtime.outages, run.runtime.settings
    give_up_at = time.monotonic() + settings.lease_seconds / 4
    try:
        while time.monotonic() < give_up_at:
            claims = ledger.claim_new(run.claim.stream, _CLAIMED_TOGETHER)
            with released_on_error(ledger, claims):
                stores = [find_stores(replace(run, claim=claim)) for claim in claims]
                away = [store for store in stores if outages.is_away(store)]
                ledger.release_claims(
                    [
                        (claim, choose_delay_seconds(0, settings.retry_seconds) if outages.is_away(store) else 0.0)
                        for claim, store in zip(claims, stores, strict=True)
                    ]
                )
            run.runtime.metrics.count_handed_back(HandBack.POSTPONED, len(away))
            for store in set(away):
                outages.log_postponed(store, "store is unavailable", away.count(store))
            if not claims or len(away) < len(claims):
                return
    except RedisError as error:
        _log.warning("events_not_released", error=str(error))


def _release(run: EventRun, delay_seconds: float) -> bool:
    """Release the event; if that fails, it is claimed again when its lease expires."""
    try:
        if run.runtime.ledger.release_claim(run.claim, delay_seconds):
            return True
        _log.warning("event_fenced", reason="its lease was lost before it was released")
    except RedisError as error:
        _log.warning("event_not_released", error=str(error))
    return False
