"""Space in the folder of temporary files."""

import errno
import os
import resource
import shutil
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import IO, Final

from shared.errors import ConfigurationError, NoRoomError

FULL_DISK_ERRNOS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No space, no quota, or a file that may not be as large."""


def require_temporary_folder() -> Path:
    """The folder of temporary files; one that `TMPDIR` names must be usable, for Python takes another without a word.

    Raises
    ------
    ConfigurationError
        When nothing can be written into it.
    """
    folder = Path(os.environ.get("TMPDIR") or gettempdir()).absolute()
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        raise ConfigurationError(
            f"expected TMPDIR to name a writable folder with free space, but {folder} cannot be written"
            f" ({error.strerror})"
        ) from error
    return folder


def reserve_room(file: IO[bytes], size_bytes: int, what: str) -> None:
    """Reserve disk space for a temporary file: a full disk is an error here, but would kill the process later.

    Raises
    ------
    NoRoomError
        When the temporary folder is full now, or too small even if it were empty: both are for operators to change.
    """
    if size_bytes == 0:
        return
    try:
        os.posix_fallocate(file.fileno(), 0, size_bytes)
    except OSError as error:
        needed, most = f"{what} need {size_bytes:,} bytes of temporary files", _max_bytes()
        if size_bytes > most:
            raise NoRoomError(
                f"{needed}, but {gettempdir()} holds at most {most:,}; expected TMPDIR to name a larger folder"
            ) from error
        raise NoRoomError(f"{needed}, and {gettempdir()} is full ({error.strerror})") from error


def _max_bytes() -> int:
    total = shutil.disk_usage(gettempdir()).total
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    return total if limit == resource.RLIM_INFINITY else min(total, limit)
