"""What every store can do, and how patiently it is asked."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TypeVar

from shared.errors import StoreBusyError, TransientError
from worker.access.store_uri import StoreUri

Found = TypeVar("Found")
_FIRST_REST_SECONDS = 0.25
_LONGEST_REST_SECONDS = 5.0


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long a store is asked for one thing."""

    attempts: int = 3
    timeout_seconds: float = 15.0
    """For each attempt, from connecting to the last byte."""


class Store(Protocol):
    """One place of files, read whole; a context manager that ends with `close`."""

    def read(self, uri: StoreUri, max_bytes: int) -> bytes:
        """Read one file of at most `max_bytes`, never more of it than that.

        Raises
        ------
        NotFoundError, TooLargeError, ForbiddenUriError
            That file's: it is missing, too large, or its place leads elsewhere.
        AccessDeniedError
            When the store does not let this worker in.
        TransientError
            When the store does not answer, after every attempt.
        """
        ...

    def list_names(self, folder: StoreUri) -> list[str]:
        """Names of the files right below a folder.

        Raises
        ------
        InvalidAnnotationsError
            When such a store cannot be listed.
        """
        ...

    def close(self) -> None:
        """Give back its connections; nothing can be read then."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def with_retries(read: Callable[[], Found], retry_policy: RetryPolicy) -> Found:
    """Call `read` until it gives something or raises anything but `TransientError`, at most `attempts` times.

    Between attempts it rests, twice as long each time, by chance a little less: many readers then do not return at
    once to a store that is overrun.
    """
    for attempt in range(1, retry_policy.attempts):
        try:
            return read()
        except TransientError as error:
            scale = 4.0 if isinstance(error, StoreBusyError) else 1.0
            rest = min(scale * _FIRST_REST_SECONDS * 2 ** (attempt - 1), _LONGEST_REST_SECONDS)
            time.sleep(rest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
    return read()
