"""When the server does not serve: which of its answers pass, what to tell a person, and one log line at each end."""

import threading
import time

import structlog
from redis.exceptions import (
    AuthenticationError,
    ClusterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as ServerConnectionError
from redis.exceptions import TimeoutError as ServerTimeoutError

_PASSING = (
    ServerConnectionError,  # also: loading, too many clients, a password that was changed
    ServerTimeoutError,
    OutOfMemoryError,
    ReadOnlyError,
    NoPermissionError,
    ClusterDownError,  # also: a replica without its master
    TryAgainError,
)
_PASSING_CODES = frozenset({"MISCONF", "BUSY", "NOREPLICAS", "UNBLOCKED"})
_PASSING_BEGINNINGS = ("ACL failure in script",)
_log = structlog.get_logger(__name__)


def is_outage(error: BaseException) -> bool:
    """Whether a server that answered so may serve later: it is away, loading, full, failing over, or refuses us."""
    if isinstance(error, _PASSING):
        return True
    answer = str(error)
    return isinstance(error, RedisError) and (
        answer.partition(" ")[0] in _PASSING_CODES or answer.startswith(_PASSING_BEGINNINGS)
    )


def describe_server_error(error: RedisError, shown_url: str) -> str:
    """One sentence for a person: whether the server was reached, and what it answered.

    Parameters
    ----------
    shown_url
        The server's address without its password.
    """
    if isinstance(error, AuthenticationError | NoPermissionError) or str(error).startswith(_PASSING_BEGINNINGS):
        return (
            f"server {shown_url} refuses this user ({error}); expected OFFSAMPLE_REDIS_URL to name a user with the"
            " permissions of docs/operations.md"
        )
    if isinstance(error, ServerTimeoutError) or " connecting to " in str(error):
        return (
            f"server {shown_url} does not answer ({error}); expected OFFSAMPLE_REDIS_URL to name a running Redis or"
            " Valkey"
        )
    if isinstance(error, ServerConnectionError) and getattr(error, "status_code", None) is None:
        return f"server {shown_url} closes the connection ({error}); expected one that takes more clients"
    return f"server {shown_url} cannot serve now ({error}); expected one that takes reads and writes"


class Outage:
    """Says once that the server stopped serving and once that it serves again; safe to share among threads.

    Parameters
    ----------
    steady_seconds
        How long nothing must have failed before the server is said to serve again.
    """

    def __init__(self, steady_seconds: float = 0.0) -> None:
        self._steady_seconds = steady_seconds
        self._lock = threading.Lock()
        self._last_failure: float | None = None

    def begin(self, error: BaseException) -> None:
        """Something failed with `error`."""
        with self._lock:
            is_first = self._last_failure is None
            self._last_failure = time.monotonic()
        if is_first:
            _log.warning("ledger_unreachable", error=str(error))

    def end(self) -> None:
        """Something succeeded."""
        with self._lock:
            if self._last_failure is None or time.monotonic() - self._last_failure < self._steady_seconds:
                return
            self._last_failure = None
        _log.info("ledger_reachable_again")
