"""Open a foreign file without trusting what it is."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import NotFoundError
from shared.limits import require_at_most


@contextmanager
def open_foreign_file(path: Path, max_bytes: int) -> Iterator[tuple[int, int]]:
    """Open a regular file of at most `max_bytes`; gives its descriptor and its size in bytes.

    Raises
    ------
    NotFoundError
        When it is no regular file.
    TooLargeError
        When it is larger.
    OSError
        When it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotFoundError(f"{path.name!r} is no regular file; right would be one")
        require_at_most(status.st_size, max_bytes, f"size of {path.name!r} in bytes")
        yield descriptor, status.st_size
    finally:
        os.close(descriptor)
