"""What becomes of an event: its answer, and its line in the log."""

from dataclasses import dataclass, field
from typing import Any

from worker.events.shadow_run import ClassifiedEvent
from worker.ledger.claim import Answer
from worker.metrics.measures import Measures


@dataclass(frozen=True)
class Verdict:
    """The answer, and the name and values of the event's log line."""

    name: str
    answer: Answer
    facts: dict[str, Any] = field(default_factory=dict)
    is_refusal: bool = False
    measures: Measures | None = None
    """Of a classified dataset."""
    classified: ClassifiedEvent | None = None

    @property
    def error(self) -> str | None:
        """Code of a rejection."""
        return self.facts.get("error")

    @property
    def reason(self) -> str:
        """Sentence of a rejection."""
        return str(self.facts.get("reason", ""))
