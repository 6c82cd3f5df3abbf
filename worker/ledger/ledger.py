"""The ledger: claim an entry, keep it, finish it or hand it back.

The stream is the truth; a lease is held by (consumer, delivery count); the scripts beside this file own every change of
state; finish writes results, then done, then ack.
"""

import time
import uuid
from collections.abc import Callable
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ServerConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as ServerTimeoutError
from redis.retry import Retry

from shared.errors import TransientError
from worker.ledger.claim import Answer, Claim, DoneRecord, Outcome
from worker.ledger.names import GROUP, Names
from worker.ledger.scripts import register_scripts

CONSUMER_IDLE_SECONDS = 86_400
"""A consumer that holds nothing for so long is a dead process."""

_PROGRESS_SECONDS = 60
_PASSING = (ServerConnectionError, ServerTimeoutError, OutOfMemoryError, ReadOnlyError)
_PASSING_WORDS = ("MISCONF", "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS")


def connect(url: str, socket_timeout_seconds: float = 10.0) -> Redis:
    """A client that fails at once when the server is away: each caller knows best what to do then."""
    return Redis.from_url(
        url,
        socket_timeout=socket_timeout_seconds,
        socket_connect_timeout=min(socket_timeout_seconds, 5.0),
        retry=Retry(NoBackoff(), 0),
        **({} if url.startswith("unix:") else {"socket_keepalive": True}),
    )


class Ledger:
    """One process's access to the ledger; make it after the fork, for it is a consumer of its own."""

    def __init__(
        self,
        server: Redis,
        names: Names,
        *,
        lease_seconds: float,
        max_message_bytes: int,
        done_seconds: int,
    ) -> None:
        self.names = names
        self.lease_seconds = lease_seconds
        self.consumer = uuid.uuid4().hex
        self._server = server
        self._scripts = register_scripts(server)
        self._lease_ms = int(lease_seconds * 1000)
        self._max_message_bytes = max_message_bytes
        self._done_seconds = done_seconds

    def create_groups(self) -> None:
        """Create the streams and their group where they are not there yet; entries already waiting are kept."""
        for stream in self.names.streams:
            try:
                self._server.xgroup_create(stream, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    def is_ready(self) -> bool:
        """Whether there is an entry to claim and no ticket waits for it yet."""
        keys = [self.names.clock, self.names.tickets, *self.names.streams]
        return bool(self._run_with_groups(self._scripts.ready, keys, [self._lease_ms, GROUP]))

    def claim(self) -> Claim | None:
        """Take the next entry; None when there is none."""
        keys = [self.names.clock, *self.names.streams]
        arguments = [self._lease_ms, GROUP, self.consumer, self._max_message_bytes]
        found = self._run_with_groups(self._scripts.claim, keys, arguments)
        if found is None:
            return None
        stream, entry_id, deliveries, message_bytes, message, now_ms = found
        received_ms = int(entry_id.split(b"-")[0])
        return Claim(
            stream=stream.decode(),
            entry_id=entry_id.decode(),
            consumer=self.consumer,
            deliveries=deliveries,
            message=message if 0 <= message_bytes <= self._max_message_bytes else None,
            message_bytes=message_bytes,
            queued_seconds=max(0.0, (now_ms - received_ms) / 1000),
        )

    def renew(self, claim: Claim) -> bool:
        """Renew the lease; False when it was lost."""
        return bool(self._run_leased(self._scripts.heartbeat, [claim.stream], self._holder(claim)))

    def finish(self, claim: Claim, answer: Answer, *, give_up_at: float) -> tuple[Outcome, DoneRecord | None]:
        """Publish the answer and forget the entry, waiting for the server while it is away or full.

        Parameters
        ----------
        give_up_at
            `time.monotonic()` after which a server that stays away is a `TransientError`.

        Returns
        -------
        The outcome, and the record that stands when it is `already` or `duplicate`.
        """
        keys = [claim.stream, answer.done_key, self.names.results, self.names.dead_letters]
        letter = answer.dead_letter
        arguments = [
            *self._holder(claim),
            answer.done.model_dump_json() if answer.done else "",
            self._done_seconds,
            letter.code if letter else "",
            letter.reason if letter else "",
            *answer.messages,
        ]
        reply = self._patiently(lambda: self._run_leased(self._scripts.finish, keys, arguments), give_up_at)
        if not reply:
            return Outcome.FENCED, None
        outcome, record = reply
        return Outcome(outcome.decode()), DoneRecord.model_validate_json(record) if record else None

    def hand_back(self, claim: Claim, delay_seconds: float = 0.0) -> bool:
        """Give the entry back, with no attempt spent; free again after the delay (at most one lease)."""
        idle_ms = max(0, self._lease_ms - int(delay_seconds * 1000))
        arguments = [*self._holder(claim), idle_ms]
        return bool(self._run_leased(self._scripts.hand_back, [claim.stream], arguments))

    def find_done(self, done_key: str, *, give_up_at: float) -> DoneRecord | None:
        """What is remembered of a finished event; waits as `finish` does."""
        record = self._patiently(lambda: self._server.get(done_key), give_up_at)
        return DoneRecord.model_validate_json(record) if record else None

    def report_progress(self, claim: Claim, done: int, total: int | None) -> None:
        """Leave word of how far the run is, for whoever waits."""
        self._server.set(self.names.progress(claim.entry), f"{done}/{total or ''}", ex=_PROGRESS_SECONDS)

    def sweep_consumers(self, idle_seconds: float = CONSUMER_IDLE_SECONDS) -> int:
        """Delete dead processes' consumers; how many."""
        arguments = [GROUP, int(idle_seconds * 1000)]
        return int(self._run_with_groups(self._scripts.sweep, self.names.streams, arguments))

    def _holder(self, claim: Claim) -> list[Any]:
        return [GROUP, claim.entry_id, claim.consumer, claim.deliveries]

    def _run_with_groups(self, script: Any, keys: list[str], arguments: list[Any]) -> Any:
        """Run a script; on a server that was emptied, create the groups and run it once more."""
        try:
            return script(keys=keys, args=arguments)
        except ResponseError as error:
            if "NOGROUP" not in str(error) and "no such key" not in str(error):
                raise
        self.create_groups()
        return script(keys=keys, args=arguments)

    def _patiently(self, call: Callable[[], Any], give_up_at: float) -> Any:
        """Call again and again while the server is away, full, or refuses to write."""
        while True:
            try:
                return call()
            except RedisError as error:
                if not _is_passing(error):
                    raise
                if time.monotonic() >= give_up_at:
                    raise TransientError(f"server gives no answer ({error}); the event will be run again") from error
                time.sleep(min(1.0, self.lease_seconds / 8))

    def _run_leased(self, script: Any, keys: list[str], arguments: list[Any]) -> Any:
        """Run a script that needs the lease; on a server that was emptied the lease is lost (0)."""
        try:
            return script(keys=keys, args=arguments)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
        return 0


def _is_passing(error: RedisError) -> bool:
    """Whether the server may answer otherwise later."""
    return isinstance(error, _PASSING) or str(error).startswith(_PASSING_WORDS)
