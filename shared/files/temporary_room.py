"""Space in the folder of temporary files."""

import errno
import os
import resource
import shutil
from tempfile import gettempdir
from typing import IO, Final

from shared.errors import NoRoomError, TooLargeError

FULL_DISK_ERRNOS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No space, no quota, or a file that may not be as large."""


def reserve_room(file: IO[bytes], size_bytes: int, what: str) -> None:
    """Reserve disk space for a temporary file: a full disk is an error here, but would kill the process later.

    Raises
    ------
    TooLargeError
        When the temporary folder is too small even if it were empty.
    NoRoomError
        When it is full now.
    """
    if size_bytes == 0:
        return
    try:
        os.posix_fallocate(file.fileno(), 0, size_bytes)
    except OSError as error:
        most = _max_bytes()
        needed = f"{what} need {size_bytes:,} bytes of temporary files"
        if size_bytes > most:
            raise TooLargeError(
                f"{needed}; expected at most {most:,}, the size of {gettempdir()} (use a larger disk, or set TMPDIR)"
            ) from error
        raise NoRoomError(f"{needed}, and {gettempdir()} is full ({error.strerror})") from error


def _max_bytes() -> int:
    total = shutil.disk_usage(gettempdir()).total
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    return total if limit == resource.RLIM_INFINITY else min(total, limit)
