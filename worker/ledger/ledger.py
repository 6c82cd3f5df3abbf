"""The ledger: claim an entry, keep it, finish it or release it.

The stream is the source of truth; a lease is held by (consumer, delivery count); every change of state is a Lua
script of this folder; finish writes results, then done record, then ack.
"""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any, cast

from redis import Redis
from redis.exceptions import ResponseError

from shared.errors import ConfigurationError
from worker.ledger.claim import Answer, Claim, DoneRecord, Outcome
from worker.ledger.consumer import Consumer
from worker.ledger.hints import Hints
from worker.ledger.names import GROUP, Names
from worker.ledger.oversized import describe_oversized
from worker.ledger.scripts import register_scripts
from worker.ledger.server_calls import ServerCalls
from worker.server.outage import Outage

CONSUMER_IDLE_SECONDS = 86_400
"""A consumer that held nothing for this long belongs to a dead process."""

SCRIPT_BYTES = 1_000_000
"""Approximate size of the messages that one script handles; it blocks the server for about 10 ms."""

_STAGED_SECONDS = 3600


class Ledger:
    """One process's access to the ledger; create it after the fork, because each process is its own consumer."""

    def __init__(  # noqa: PLR0913 - what every process of a worker is given
        self,
        server: Redis,
        names: Names,
        *,
        lease_seconds: float,
        max_message_bytes: int,
        done_seconds: int,
        outage: Outage | None = None,
        worker: str | None = None,
    ) -> None:
        self.names = names
        self.lease_seconds = lease_seconds
        self.consumer = str(Consumer.of_this_process(worker))
        self._calls = ServerCalls(self.create_groups, outage, min(1.0, lease_seconds / 8))
        self.hints = Hints(server, names)
        self._server = server
        self._scripts = register_scripts(server)
        self._lease_ms = int(lease_seconds * 1000)
        self._max_message_bytes = max_message_bytes
        self._done_seconds = done_seconds

    def create_groups(self) -> None:
        """Create the streams and their group if they do not exist; waiting entries are kept.

        Raises
        ------
        ConfigurationError
            When one of the keys exists with another type.
        """
        self.require_types()
        for stream in self.names.streams:
            try:
                self._server.xgroup_create(stream, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    def require_types(self) -> None:
        """Raise `ConfigurationError` when a key of the ledger exists with another type."""
        expected = dict.fromkeys([*self.names.streams, self.names.results, self.names.dead_letters], b"stream")
        expected |= dict.fromkeys(map(self.names.postponed, self.names.streams), b"zset")
        expected |= {self.names.clock: b"hash", self.names.tickets: b"list"}
        expected |= {self.names.pause: b"hash", self.names.workers: b"hash", self.names.profiles: b"stream"}
        expected |= {self.names.active_release: b"hash", self.names.shadow_release: b"hash"}
        for key, kind in expected.items():
            found = cast("bytes", self._server.type(key))
            if found not in (kind, b"none"):
                raise ConfigurationError(
                    f"expected key {key} on the server to be a {kind.decode()}, got a {found.decode()}; delete or"
                    " rename it, or choose another OFFSAMPLE_NAMESPACE"
                )

    def is_ready(self) -> bool:
        """Whether there is an entry to claim and no ticket for it yet; never while the intake is paused."""
        keys = [self.names.clock, self.names.tickets, self.names.pause, *self._intake_keys()]
        return bool(self._calls.run_with_groups(self._scripts.ready, keys, [self._lease_ms, GROUP]))

    def claim(self) -> Claim | None:
        """Take the next entry; None when there is none, or while the intake is paused."""
        keys = [self.names.clock, self.names.pause, *self._intake_keys()]
        arguments = [self._lease_ms, GROUP, self.consumer, self._max_message_bytes]
        asked_ns = time.time_ns()
        found = self._calls.run_with_groups(self._scripts.claim, keys, arguments)
        if found is None:
            return None
        stream, entry_id, deliveries, message_bytes, message, now_ms, postponements, first_postponed_ms = found
        received_ms = int(entry_id.split(b"-")[0])
        return Claim(
            stream=stream.decode(),
            entry_id=entry_id.decode(),
            consumer=self.consumer,
            deliveries=deliveries,
            message=message if 0 <= message_bytes <= self._max_message_bytes else None,
            message_bytes=message_bytes,
            queued_seconds=max(0.0, (now_ms - received_ms) / 1000),
            postponements=postponements,
            first_postponed_ms=first_postponed_ms,
            postponed_seconds=(now_ms - first_postponed_ms) / 1000 if first_postponed_ms else 0.0,
            asked_ns=asked_ns,
            received_ns=time.time_ns(),
        )

    def claim_new(self, stream: str, most: int) -> list[Claim]:
        """Claim several new entries of one stream together, to inspect and release them.

        At most `most`, and fewer when their messages are large.
        """
        arguments = [GROUP, self.consumer, self._max_message_bytes, most, SCRIPT_BYTES]
        return [
            Claim(
                stream=stream,
                entry_id=entry_id.decode(),
                consumer=self.consumer,
                deliveries=1,
                message=message if 0 <= message_bytes <= self._max_message_bytes else None,
                message_bytes=message_bytes,
                queued_seconds=0.0,
            )
            for entry_id, message_bytes, message in self._calls.run_with_groups(
                self._scripts.claim_new, [stream], arguments
            )
        ]

    def renew(self, claim: Claim) -> bool:
        """Renew the lease; False when it was lost."""
        return bool(self._calls.run_leased(self._scripts.heartbeat, [claim.stream], self._holder(claim)))

    def finish(self, claim: Claim, answer: Answer, *, give_up_at: float) -> tuple[Outcome, DoneRecord | None]:
        """Publish the answer and delete the entry; waits while the server is unavailable or full.

        An answer that is too large for one script is staged, committed in one step, and then published step by step;
        when the process ends in between, the worker that claims the entry next publishes the rest.

        Parameters
        ----------
        give_up_at
            `time.monotonic()` after which a server that is still unavailable raises `ServerUnavailableError`.

        Returns
        -------
        The outcome, and the existing record when it is `already` or `duplicate`.
        """
        letter = answer.dead_letter
        head: bytes | str = ""
        digest = ""
        if letter and claim.message_bytes > self._max_message_bytes:
            head, digest = self._calls.with_retries(lambda: describe_oversized(self._server, claim), give_up_at)
        staged = sum(map(len, answer.messages)) > SCRIPT_BYTES
        keys = [
            claim.stream,
            answer.done_key,
            self.names.results,
            self.names.dead_letters,
            answer.index_key,
            self.names.staged(claim.entry, claim.deliveries),
            self.names.outbox(claim.entry),
        ]
        arguments = [
            *self._holder(claim),
            answer.done.model_dump_json() if answer.done else "",
            self._done_seconds,
            letter.code if letter else "",
            letter.reason if letter else "",
            head,
            digest,
            len(answer.messages) if staged else 0,
            *([] if staged else answer.messages),
        ]
        outcome, record = b"unstaged", b""
        while outcome == b"unstaged":
            if staged and not self._stage(claim, answer.messages, give_up_at):
                return Outcome.FENCED, None
            reply = self._calls.with_retries(
                lambda: self._calls.run_leased(self._scripts.finish, keys, arguments), give_up_at
            )
            outcome, record = reply or (b"fenced", b"")
        done = DoneRecord.model_validate_json(record) if record else None
        if done is not None:
            self.publish_rest(done, answer.index_key, give_up_at=give_up_at)
        if outcome == b"committed":
            return Outcome.PUBLISHED, None
        return Outcome(outcome.decode()), done

    def publish_rest(self, done: DoneRecord, index_key: str, *, give_up_at: float) -> None:
        """Publish the rest of a committed answer, if there is any; any process may do this."""
        stream, _, entry_id = done.entry.rpartition("/")
        keys = [self.names.outbox(done.entry), self.names.results, index_key, stream]
        arguments: list[str | int] = [GROUP, entry_id, SCRIPT_BYTES, self._done_seconds]
        while self._calls.with_retries(lambda: self._scripts.publish(keys=keys, args=arguments), give_up_at):
            pass

    def _stage(self, claim: Claim, messages: list[str], give_up_at: float) -> bool:
        """Stage the messages, some at a time; False when the lease was lost."""
        keys = [claim.stream, self.names.staged(claim.entry, claim.deliveries)]
        offset = 0
        for some in split_by_size(messages, SCRIPT_BYTES):
            arguments = [*self._holder(claim), offset, _STAGED_SECONDS, *some]
            call = partial(self._calls.run_leased, self._scripts.stage, keys, arguments)
            staged = self._calls.with_retries(call, give_up_at)
            offset += len(some)
            if staged <= 0:
                return False
        return True

    def release_claim(self, claim: Claim, delay_seconds: float = 0.0) -> bool:
        """Release the entry unfinished, without counting the attempt; False when the lease was lost.

        Parameters
        ----------
        delay_seconds
            Delay before it can be claimed again; 0 = it is the next to be claimed.
        """
        keys = [claim.stream, self.names.postponed(claim.stream)]
        return bool(self._calls.run_leased(self._scripts.release_claim, keys, self._release(claim, delay_seconds)))

    def release_claims(self, claims: list[tuple[Claim, float]]) -> None:
        """Release several entries, each with its delay in seconds, in one round trip."""
        with self._server.pipeline(transaction=False) as pipeline:
            for claim, delay_seconds in claims:
                keys = [claim.stream, self.names.postponed(claim.stream)]
                self._scripts.release_claim(keys=keys, args=self._release(claim, delay_seconds), client=pipeline)
            pipeline.execute()

    def _release(self, claim: Claim, delay_seconds: float) -> list[Any]:
        delay_ms = max(1, int(delay_seconds * 1000)) if delay_seconds > 0 else 0
        postponements = claim.postponements + (delay_ms > 0)
        return [*self._holder(claim), delay_ms, claim.deliveries - 1, postponements, claim.first_postponed_ms]

    def find_done(self, done_keys: list[str], *, give_up_at: float) -> DoneRecord | None:
        """The done record under the first of the keys that exists; waits as `finish` does."""
        records = self._calls.with_retries(lambda: self._server.mget(done_keys), give_up_at)
        record = next((one for one in records if one), None)
        return DoneRecord.model_validate_json(record) if record else None

    def sweep_consumers(self, idle_seconds: float = CONSUMER_IDLE_SECONDS) -> int:
        """Delete the consumers of dead processes, and return their number."""
        arguments = [GROUP, int(idle_seconds * 1000)]
        return int(self._calls.run_with_groups(self._scripts.sweep, self.names.streams, arguments))

    def _intake_keys(self) -> list[str]:
        return [key for stream in self.names.streams for key in (stream, self.names.postponed(stream))]

    def _holder(self, claim: Claim) -> list[Any]:
        return [GROUP, claim.entry_id, claim.consumer, claim.deliveries]


def split_by_size(messages: list[str], enough: int) -> Iterator[list[str]]:
    """Split the messages into lists; each ends with the message that brings it to `enough` characters or more."""
    some: list[str] = []
    size = 0
    for message in messages:
        some.append(message)
        size += len(message)
        if size >= enough:
            yield some
            some, size = [], 0
    if some:
        yield some
