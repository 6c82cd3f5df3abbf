"""The permissions of this very user: an event is run from claim to finish in a namespace of its own."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from uuid import uuid4

from redis import Redis
from redis.exceptions import RedisError

from shared.errors import ConfigurationError, ServerUnavailableError
from worker.doctor.finding import Finding, failure, ok
from worker.ledger.claim import Answer, DoneRecord
from worker.ledger.ledger import Ledger
from worker.ledger.names import Names
from worker.ledger.presence import WorkerReport
from worker.runtime import open_ledger
from worker.settings import Settings

_ADVICE = "name a user in OFFSAMPLE_REDIS_URL with the permissions of `worker` in deploy/users.acl"
_MESSAGES = ["x" * 600_000, "x" * 600_000]
"""More than one script handles, so that all of them run."""


def check_rights(server: Redis, settings: Settings) -> Iterator[Finding]:
    """Findings about keys, scripts and Celery's commands; what they create is deleted again."""
    yield _try("keys", "no key of the namespace has another type", lambda: open_ledger(settings).require_types())
    names = Names(f"{settings.namespace}:doctor:{uuid4().hex}")
    ledger = Ledger(server, names, lease_seconds=60, max_message_bytes=1000, done_seconds=60)
    try:
        yield _try("ledger permissions", "this user may claim, finish and publish", lambda: _run_one(server, ledger))
    finally:
        _delete(server, names)
    yield _try("Celery's permissions", "this user may send and receive tickets", lambda: _use_as_celery(server, names))


def _try(check: str, found: str, action: Callable[[], None]) -> Finding:
    try:
        action()
    except RedisError as error:
        return failure(check, f"the server refuses: {error}", _ADVICE)
    except ServerUnavailableError as error:
        return failure(check, str(error), _ADVICE)
    except ConfigurationError as error:
        return failure(check, str(error), "choose another OFFSAMPLE_NAMESPACE, or delete what is not of this service")
    return ok(check, found)


def _run_one(server: Redis, ledger: Ledger) -> None:
    """Everything that workers do with one event, and what they do besides."""
    names = ledger.names
    ledger.create_groups()
    server.xadd(names.events("normal"), {"message": "{}"})
    ledger.hints.report_worker(
        WorkerReport(worker="doctor", pid=0, version="0", release="0", engine="onnx", concurrency=1)
    )
    ledger.is_ready()
    claim = ledger.claim()
    if claim is None:
        raise ConfigurationError("a new event could not be claimed; expected nobody else in the doctor's namespace")
    ledger.hints.report_progress(claim, 0, 1)
    ledger.release_claim(claim)
    claim = ledger.claim() or claim
    ledger.renew(claim)
    ledger.find_done([names.done("doctor", "1")], give_up_at=0)
    done = DoneRecord(entry=claim.entry, digest="", closing="{}")
    answer = Answer(names.done("doctor", "1"), names.answers("1"), _MESSAGES, done)
    ledger.finish(claim, answer, give_up_at=time.monotonic())
    ledger.sweep_consumers()


def _delete(server: Redis, names: Names) -> None:
    """Delete what the check has created, as far as the user may; the progress of its event expires."""
    streams = [*names.streams, *map(names.postponed, names.streams)]
    others = [names.results, names.clock, names.workers, names.done("doctor", "1"), names.answers("1")]
    with suppress(RedisError):
        server.delete(*streams, *others)


def _use_as_celery(server: Redis, names: Names) -> None:
    """The commands of kombu's transport, on keys of its patterns that nobody uses."""
    suffix = names.namespace.replace(":", ".")
    server.sadd(f"_kombu.binding.{suffix}", "x")
    server.smembers(f"_kombu.binding.{suffix}")
    server.delete(f"_kombu.binding.{suffix}")
    server.hset(f"unacked.{suffix}", "x", "x")
    server.hdel(f"unacked.{suffix}", "x")
    server.zadd(f"unacked_index.{suffix}", {"x": 0})
    server.zrem(f"unacked_index.{suffix}", "x")
    server.lpush(names.tickets, "x")
    server.brpop([names.tickets], timeout=1)
    server.publish(f"/0.{suffix}.pidbox", "x")
