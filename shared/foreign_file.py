"""Open and read a foreign file without trusting what it is."""

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


def read_foreign_file(path: Path, max_bytes: int) -> bytes:
    """Read all of a regular file; raises as `open_foreign_file`, also when it grows while it is read."""
    with open_foreign_file(path, max_bytes) as (descriptor, _), open(descriptor, "rb", closefd=False) as stream:
        content = stream.read(max_bytes + 1)
    require_at_most(len(content), max_bytes, f"size of {path.name!r} in bytes")
    return content
