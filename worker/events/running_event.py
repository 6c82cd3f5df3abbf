"""One event while it runs: what its steps share."""

from dataclasses import dataclass

from worker.ledger.claim import Claim
from worker.ledger.heartbeat import Heartbeat
from worker.messages.event import EventIdentity
from worker.runtime import Runtime
from worker.tracing.tracer import EventTrace


@dataclass(frozen=True)
class EventRun:
    """One event while it runs."""

    claim: Claim
    identity: EventIdentity
    runtime: Runtime
    heartbeat: Heartbeat
    deadline: float
    """`time.monotonic()` at which the event must be done."""
    trace: EventTrace
