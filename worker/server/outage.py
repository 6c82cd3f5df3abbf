"""Outages of the server: which errors are temporary, how to describe them, and a log line at begin and end."""

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

_TEMPORARY = (
    ServerConnectionError,  # also: loading, too many clients, a password that was changed
    ServerTimeoutError,
    OutOfMemoryError,
    ReadOnlyError,
    NoPermissionError,
    ClusterDownError,  # also: a replica without its master
    TryAgainError,
)
_TEMPORARY_CODES = frozenset({"MISCONF", "BUSY", "NOREPLICAS", "UNBLOCKED"})
_TEMPORARY_PREFIXES = ("ACL failure in script",)
_NO_LOGIN = ("HELLO must be called with the client already authenticated", "Authentication required")
_URL = "OFFSAMPLE_REDIS_URL (or the file that OFFSAMPLE_REDIS_URL_FILE names)"
_log = structlog.get_logger(__name__)


def is_outage(error: BaseException) -> bool:
    """Whether the error is temporary: the server is away, loading, full, failing over, or refuses this user."""
    if isinstance(error, _TEMPORARY):
        return True
    answer = str(error)
    return isinstance(error, RedisError) and (
        answer.partition(" ")[0] in _TEMPORARY_CODES or answer.startswith(_TEMPORARY_PREFIXES)
    )


def describe_server_error(error: RedisError, shown_url: str) -> str:
    """One sentence for people: whether the server was reached, and its answer.

    Parameters
    ----------
    shown_url
        The server's address without its password.
    """
    answer = str(error)
    if any(mark in answer for mark in _NO_LOGIN):
        return f"server {shown_url} asks for a user and password; expected them in {_URL}"
    if isinstance(error, AuthenticationError):
        return (
            f"server {shown_url} refuses this user or password ({error}); expected those of one of its users in {_URL}"
        )
    if isinstance(error, NoPermissionError) or answer.startswith(_TEMPORARY_PREFIXES):
        return (
            f"server {shown_url} refuses this user ({error}); expected {_URL} to name a user with the permissions in"
            " docs/operations.md"
        )
    if isinstance(error, ServerTimeoutError) or " connecting to " in answer:
        with_tls = ", with TLS as rediss:// says" if shown_url.startswith("rediss:") else ""
        return (
            f"server {shown_url} does not answer ({error}); expected {_URL} to name a running Redis or Valkey{with_tls}"
        )
    if isinstance(error, ServerConnectionError) and getattr(error, "status_code", None) is None:
        return (
            f"server {shown_url} closes the connection ({error}); expected a Redis or Valkey that accepts more clients,"
            " and rediss:// if it uses TLS, redis:// if not"
        )
    return f"server {shown_url} cannot serve now ({error}); expected a server that accepts reads and writes"


class Outage:
    """Logs one line when the server stops serving and one when it serves again; thread-safe.

    Parameters
    ----------
    stable_seconds
        How long nothing must fail before the outage is over.
    """

    def __init__(self, stable_seconds: float = 0.0) -> None:
        self._stable_seconds = stable_seconds
        self._lock = threading.Lock()
        self._last_failure: float | None = None
        self._reason = ""

    @property
    def last_failure(self) -> float | None:
        """`time.monotonic()` of the last failed call; None when there is no outage."""
        return self._last_failure

    @property
    def reason(self) -> str | None:
        """The last error; None when there is no outage."""
        return None if self._last_failure is None else self._reason

    def begin(self, error: BaseException) -> None:
        """A call failed with `error`."""
        with self._lock:
            is_first = self._last_failure is None
            self._last_failure = time.monotonic()
            self._reason = str(error)
        if is_first:
            _log.warning("ledger_unreachable", error=str(error))

    def end(self) -> None:
        """A call succeeded."""
        with self._lock:
            if self._last_failure is None or time.monotonic() - self._last_failure < self._stable_seconds:
                return
            self._last_failure = None
        _log.info("ledger_reachable_again")
