"""What is stored for people and metrics: workers' reports, which event runs where, its progress, profiles of datasets.

Nothing depends on it, and all of it expires or is of bounded size.
"""

from redis import Redis

from worker.ledger.claim import Claim
from worker.ledger.names import Names
from worker.ledger.presence import FORGOTTEN_SECONDS, PROFILES_KEPT, RunRecord, WorkerReport
from worker.ledger.scripts import ALLOWED_WHEN_FULL, FOLDER, compose_script

_PROGRESS_SECONDS = 60


class Hints:
    """Writes the hints of one process; errors of the server are the caller's to handle."""

    def __init__(self, server: Redis, names: Names) -> None:
        self._server = server
        self._names = names
        self._present = compose_script(server, ALLOWED_WHEN_FULL, FOLDER / "present.lua")

    def report_progress(self, claim: Claim, done: int, total: int | None) -> None:
        """Store the progress of a run."""
        self._server.set(self._names.progress(claim.entry), f"{done}/{total or ''}", ex=_PROGRESS_SECONDS)

    def record_run(self, claim: Claim, record: RunRecord, seconds: float) -> None:
        """Store for this time which event a run is of."""
        self._server.set(self._names.run(claim.entry), record.model_dump_json(), ex=max(1, int(seconds)))

    def record_profile(self, release: str, profile: str) -> None:
        """Append the profile of a classified dataset, as JSON."""
        fields = {"release": release, "profile": profile}
        self._server.xadd(self._names.profiles, fields, maxlen=PROFILES_KEPT, approximate=True)  # type: ignore[arg-type]

    def report_worker(self, report: WorkerReport) -> bool:
        """Store what a worker reports about itself, and return whether the intake is paused."""
        arguments: list[str | int] = [report.worker, report.model_dump_json(), int(FORGOTTEN_SECONDS * 1000)]
        return bool(self._present(keys=[self._names.workers, self._names.pause], args=arguments))

    def forget_worker(self, worker: str) -> None:
        """Remove the report of a worker that ends."""
        self._server.hdel(self._names.workers, worker)
