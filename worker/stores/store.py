"""The interface of stores, and how their reads are retried."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TypeVar

from shared.errors import StoreBusyError, TransientError
from worker.access.store_uri import StoreUri

Found = TypeVar("Found")
_FIRST_DELAY_SECONDS = 0.25
_MAX_DELAY_SECONDS = 5.0


@dataclass(frozen=True)
class RetryPolicy:
    """How often a read is tried, and how long each attempt may take."""

    attempts: int = 3
    timeout_seconds: float = 15.0
    """Of each attempt, from connecting to the last byte."""


class Store(Protocol):
    """A bucket or host whose files are read whole; a context manager that ends with `close`."""

    def read(self, uri: StoreUri, max_bytes: int) -> bytes:
        """Read one file of at most `max_bytes`, never more of it than that.

        Raises
        ------
        NotFoundError, TooLargeError, ForbiddenUriError
            When the file is missing, too large, or redirected.
        AccessDeniedError
            When the store denies access to this worker.
        TransientError
            When the store does not respond in any attempt.
        """
        ...

    def list_names(self, folder: StoreUri) -> list[str]:
        """Names of the files directly below a folder.

        Raises
        ------
        InvalidAnnotationsError
            When stores of this kind cannot be listed.
        """
        ...

    def close(self) -> None:
        """Close its connections; nothing can be read afterwards."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def with_retries(read: Callable[[], Found], retry_policy: RetryPolicy) -> Found:
    """Call `read` until it succeeds or raises anything but `TransientError`, at most `attempts` times.

    The delay between attempts doubles each time, with jitter, so that many readers do not return to an overloaded store
    at the same time.
    """
    for attempt in range(1, retry_policy.attempts):
        try:
            return read()
        except TransientError as error:
            scale = 4.0 if isinstance(error, StoreBusyError) else 1.0
            delay = min(scale * _FIRST_DELAY_SECONDS * 2 ** (attempt - 1), _MAX_DELAY_SECONDS)
            time.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - not for security
    return read()
