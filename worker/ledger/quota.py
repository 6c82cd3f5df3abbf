"""How many events of one source run at once; the others are parked until one of them ends."""

from hashlib import sha256
from typing import Any, cast

from redis import Redis

from shared.errors import LeaseLostError
from worker.ledger.claim import Claim
from worker.ledger.names import GROUP, Names
from worker.ledger.scripts import ALLOWED_WHEN_FULL, FOLDER, compose_script

_FORGOTTEN_SECONDS = 2 * 86_400
_UNPARKED_TOGETHER = 1000


class SourceQuota:
    """Admits, parks and unparks events; `limit` 0 admits all.

    A parked event is out of the group's pending entries, as a released one is, but in a set of its source. It becomes a
    released one when an event of its source ends, or at the latest when a worker looks for what could be unparked.
    """

    def __init__(self, server: Redis, names: Names, limit: int) -> None:
        self.limit = limit
        self._server = server
        self._names = names
        lease, quota = FOLDER / "lease.lua", FOLDER / "quota.lua"
        self._admit = compose_script(server, ALLOWED_WHEN_FULL, lease, quota, FOLDER / "admit.lua")
        self._park = compose_script(server, ALLOWED_WHEN_FULL, lease, FOLDER / "park.lua")
        self._unpark = compose_script(server, ALLOWED_WHEN_FULL, quota, FOLDER / "unpark.lua")

    def admit(self, claim: Claim, source: str) -> bool:
        """Whether a claimed event may run now.

        Raises
        ------
        LeaseLostError
            When another worker has the event.
        """
        keys = [claim.stream, self._names.source_runs(name_source(source)), *self._names.streams]
        holder: list[Any] = [GROUP, claim.entry_id, claim.consumer, claim.deliveries]
        admitted = self._admit(keys=keys, args=[*holder, self.limit, _FORGOTTEN_SECONDS])
        if admitted < 0:
            raise LeaseLostError(f"lease of {claim.entry} was lost before it was admitted")
        return bool(admitted)

    def park(self, claims: list[Claim], source: str) -> None:
        """Park claimed events of one source, without counting the attempt."""
        key = name_source(source)
        with self._server.pipeline(transaction=False) as pipeline:
            for claim in claims:
                keys = [claim.stream, self._names.parked(claim.stream, key), self._names.parked_sources]
                holder: list[Any] = [GROUP, claim.entry_id, claim.consumer, claim.deliveries]
                state = [claim.deliveries - 1, claim.postponements, claim.first_postponed_ms]
                self._park(keys=keys, args=[*holder, key, *state], client=pipeline)
            pipeline.execute()

    def unpark(self, source: str) -> int:
        """After an event of a source ended: let others be claimed."""
        return self._unpark_key(name_source(source))

    def sweep(self) -> int:
        """Let events of all sources be claimed that could run: after a worker died, or the quota was changed."""
        found = cast("set[bytes]", self._server.smembers(self._names.parked_sources))
        return sum(self._unpark_key(key.decode()) for key in found)

    def _unpark_key(self, key: str) -> int:
        names = self._names
        sets = [
            part for stream in names.streams for part in (stream, names.postponed(stream), names.parked(stream, key))
        ]
        arguments: list[str | int] = [GROUP, key, self.limit, _UNPARKED_TOGETHER]
        return int(self._unpark(keys=[names.source_runs(key), names.parked_sources, *sets], args=arguments))


def name_source(source: str) -> str:
    """How a source is named in keys."""
    return sha256(source.encode()).hexdigest()
