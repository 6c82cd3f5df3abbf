"""The server: version, encryption, persistence, memory."""

from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import RedisError

from shared.errors import ReleaseError, UnknownReleaseError
from worker.doctor.finding import Finding, failure, ok, warning
from worker.ledger.active_release import ActiveRelease
from worker.serve import OLDEST_REDIS
from worker.server.url import without_password
from worker.settings import Settings

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MOST_MEMORY = 0.8
_REFUSED = "(this user may not read it)"


def check_server(server: Redis, settings: Settings) -> Iterator[Finding]:
    """Findings about a server that answers."""
    info: dict[str, Any] = server.info()
    yield _check_version(info, settings)
    yield _check_encryption(settings)
    yield from _check_persistence(server, info)
    yield from _check_memory(info)
    yield from _check_active_release(server, settings)
    if info.get("role") != "master":
        yield failure("server role", "the server is a replica", "name the master in OFFSAMPLE_REDIS_URL")


def _check_active_release(server: Redis, settings: Settings) -> Iterator[Finding]:
    active = ActiveRelease(server, settings.names).read()
    if active is None:
        return
    try:
        settings.open_release(active)
    except (UnknownReleaseError, ReleaseError) as error:
        advice = "install it here, or go back with `offsample releases activate --previous`"
        yield failure("active release", str(error), advice)
    else:
        yield ok("active release", f"{active} is intact")


def _check_version(info: dict[str, Any], settings: Settings) -> Finding:
    name = str(info.get("server_name", "redis"))
    version = str(info.get("valkey_version") or info.get("redis_version", "0"))
    found = f"{name} {version} at {without_password(settings.redis_url)}"
    if int(str(info.get("redis_version", "0")).partition(".")[0]) < OLDEST_REDIS:
        return failure("server version", found, f"install Redis >= {OLDEST_REDIS}, or Valkey")
    return ok("server version", found)


def _check_encryption(settings: Settings) -> Finding:
    parts = urlsplit(settings.redis_url)
    if parts.scheme == "unix" or parts.hostname in _LOOPBACK:
        return ok("encryption", "the server is on this machine")
    if "ssl_cert_reqs=none" in parts.query:
        advice = "remove ssl_cert_reqs=none, and name the CA in ssl_ca_certs"
        return warning("encryption", "the server's certificate is not verified: anybody could answer instead", advice)
    if parts.scheme == "rediss":
        return ok("encryption", "the connection uses TLS")
    return warning(
        "encryption",
        "the connection to another machine is not encrypted",
        "use rediss://…, unless the network between is trusted (docs/operations.md, TLS)",
    )


def _check_persistence(server: Redis, info: dict[str, Any]) -> Iterator[Finding]:
    if not info.get("aof_enabled"):
        yield warning(
            "persistence", "appendonly is off: a restart of the server loses the backlog", "set appendonly yes"
        )
        return
    if info.get("aof_last_write_status") != "ok":
        yield failure("persistence", "the server cannot write its append-only file", "free space on the server's disk")
        return
    sync = _read_setting(server, "appendfsync")
    if sync == _REFUSED:
        yield warning(
            "persistence",
            f"appendonly is on, appendfsync is not known {_REFUSED}",
            "look with a user that may: `CONFIG GET appendfsync` should be always, if no event may be lost",
        )
    elif sync == "always":
        yield ok("persistence", f"appendonly is on, appendfsync {sync}")
    else:
        yield warning(
            "persistence",
            f"appendfsync is {sync}: a crash of the server's machine loses about a second of events",
            "set appendfsync always, if no event may be lost",
        )


def is_full(info: dict[str, Any]) -> bool:
    """Whether the server refuses writes because its memory is used up."""
    return bool(info["maxmemory"]) and info["used_memory"] >= info["maxmemory"]


def _check_memory(info: dict[str, Any]) -> Iterator[Finding]:
    policy, limit, used = info["maxmemory_policy"], info["maxmemory"], info["used_memory"]
    if policy != "noeviction":
        yield warning(
            "memory policy",
            f"maxmemory-policy is {policy}: it can delete the backlog",
            "set maxmemory-policy noeviction",
        )
    else:
        yield ok("memory policy", "noeviction")
    if not limit:
        advice = "set maxmemory below the memory of the server's machine"
        yield warning("memory", "maxmemory is not set: the server may be killed for its memory", advice)
    elif is_full(info):
        yield failure("memory", "the server is full", "run `offsample results trim`, or raise maxmemory")
    elif used >= limit * _MOST_MEMORY:
        yield warning("memory", f"{used / limit:.0%} of maxmemory is used", "run `offsample results trim`")
    else:
        yield ok("memory", f"{used / limit:.0%} of maxmemory is used")


def _read_setting(server: Redis, name: str) -> str:
    try:
        found = cast("dict[str, str]", server.config_get(name))
    except RedisError:
        return _REFUSED
    return found.get(name, _REFUSED)
