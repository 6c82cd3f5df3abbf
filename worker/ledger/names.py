"""Where everything lies on the server: one namespace, one hash slot when it is braced (`{offsample}`)."""

from dataclasses import dataclass
from hashlib import sha256

GROUP = "offsample"
"""The consumer group that all workers share."""


@dataclass(frozen=True)
class Names:
    """Keys on the server, all below one namespace."""

    namespace: str = "offsample"

    @property
    def streams(self) -> list[str]:
        """The events streams, most urgent first."""
        return [self.events("high"), self.events("normal"), self.events("low")]

    def events(self, priority: str) -> str:
        """The stream of one priority: high, normal or low."""
        return f"{self.namespace}:events" if priority == "normal" else f"{self.namespace}:events:{priority}"

    @property
    def results(self) -> str:
        """Stream of all answers."""
        return f"{self.namespace}:results"

    @property
    def dead_letters(self) -> str:
        """Stream of events that nobody could be answered about, or that killed their workers."""
        return f"{self.namespace}:dead-letters"

    @property
    def tickets(self) -> str:
        """Celery's queue: empty hints that there may be work."""
        return f"{self.namespace}:tickets"

    @property
    def clock(self) -> str:
        """The outage clock."""
        return f"{self.namespace}:clock"

    def done(self, source: str, event_id: str) -> str:
        """Record of a finished event."""
        identity = sha256(f"{source}\n{event_id}".encode()).hexdigest()
        return f"{self.namespace}:done:{identity}"

    def progress(self, entry: str) -> str:
        """How far the run of an entry is: a hint for people, expiring by itself."""
        return f"{self.namespace}:progress:{entry}"
