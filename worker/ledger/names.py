"""The names of all keys on the server; in one hash slot when the namespace is braced (`{offsample}`)."""

import json
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
        """Stream of events that were not understood, or that killed their workers."""
        return f"{self.namespace}:dead-letters"

    @property
    def tickets(self) -> str:
        """Celery's queue: empty tasks, sent when there may be work."""
        return f"{self.namespace}:tickets"

    @property
    def gateway(self) -> str:
        """Celery's queue of the events that Celery applications send."""
        return f"{self.namespace}:gateway"

    @property
    def clock(self) -> str:
        """The outage clock."""
        return f"{self.namespace}:clock"

    @property
    def pause(self) -> str:
        """Hash that exists while the intake is paused: since when, by whom and why."""
        return f"{self.namespace}:pause"

    @property
    def active_release(self) -> str:
        """Hash of the release that operators activated, and of the one before."""
        return f"{self.namespace}:active-release"

    @property
    def shadow_release(self) -> str:
        """Hash of the release that classifies answered events once more, and of their share."""
        return f"{self.namespace}:shadow-release"

    @property
    def workers(self) -> str:
        """Hash of what each worker last reported about itself, by its name."""
        return f"{self.namespace}:workers"

    @property
    def profiles(self) -> str:
        """Stream of the profiles of the datasets that were classified last: a hint for people of bounded size."""
        return f"{self.namespace}:profiles"

    def postponed(self, stream: str) -> str:
        """Sorted set of a stream's entries that wait to be tried again, by due time."""
        return f"{stream}:postponed"

    @property
    def parked_sources(self) -> str:
        """Set of the sources that have parked events."""
        return f"{self.namespace}:parked-sources"

    def parked(self, stream: str, source: str) -> str:
        """Sorted set of a stream's entries that wait for other events of their source."""
        return f"{stream}:parked:{source}"

    def source_runs(self, source: str) -> str:
        """Set of the entries of a source that run."""
        return f"{self.namespace}:source-runs:{source}"

    def staged(self, entry: str, deliveries: int) -> str:
        """Messages of a large answer that is not committed yet."""
        return f"{self.namespace}:staged:{deliveries}:{entry}"

    def outbox(self, entry: str) -> str:
        """Messages of a committed answer that are not published yet."""
        return f"{self.namespace}:outbox:{entry}"

    def done(self, source: str, event_id: str) -> str:
        """Record of a finished event."""
        identity = sha256(json.dumps([source, event_id]).encode()).hexdigest()
        return f"{self.namespace}:done:{identity}"

    def done_version_1(self, source: str, event_id: str) -> str:
        """The record's key before version 2, which several pairs of source and id could share."""
        identity = sha256(f"{source}\n{event_id}".encode()).hexdigest()
        return f"{self.namespace}:done:{identity}"

    def answers(self, event_id: str) -> str:
        """List of the results stream's entries that answer events of this id, whatever their source."""
        return f"{self.namespace}:answers:{sha256(event_id.encode()).hexdigest()}"

    def run(self, entry: str) -> str:
        """Which event the run of an entry is of: a hint for people that expires."""
        return f"{self.namespace}:run:{entry}"

    def progress(self, entry: str) -> str:
        """How far the run of an entry is: a hint for people that expires."""
        return f"{self.namespace}:progress:{entry}"
