"""Open paths below an open folder, following no symlink or `..` out of it, even if files are renamed meanwhile."""

import ctypes
import errno
import os
import stat
import sys
from functools import cache
from typing import Final

_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""O_NONBLOCK: do not wait for the writer of a pipe."""
_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_OPENAT2: Final = 437
"""Number of the system call on Linux, the same on every architecture that Python runs on (kernel 5.6 and newer)."""
_RESOLVE_NO_MAGICLINKS, _RESOLVE_NO_SYMLINKS, _RESOLVE_BENEATH = 0x02, 0x04, 0x08


class _OpenHow(ctypes.Structure):
    """`struct open_how` of linux/openat2.h."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_beneath(folder: int, relative: str) -> int:
    """Open a file or folder for reading, below the folder of a descriptor; returns a new descriptor.

    Parameters
    ----------
    relative
        Path relative to the folder; `.` is the folder itself.

    Raises
    ------
    OSError
        ELOOP where a part of the path is a symlink, EXDEV for `..` and absolute paths, EINVAL for a text that is not
        a path, else as `os.open`.
    """
    parts = _split(relative)
    return _open_in_one_call(folder, parts) if _has_openat2() else open_by_steps(folder, parts)


def open_by_steps(folder: int, parts: list[str]) -> int:
    """`open_beneath` without openat2: open the parts of the path one by one, none of which may be a symlink."""
    current = os.dup(folder)
    try:
        for part in parts[:-1]:
            inner = _open_part(current, part, _FOLDER_FLAGS)
            os.close(current)
            current = inner
        return _open_part(current, parts[-1], _FLAGS)
    finally:
        os.close(current)


def _open_part(folder: int, part: str, flags: int) -> int:
    try:
        return os.open(part, flags, dir_fd=folder)
    except NotADirectoryError as error:  # which Linux also raises for a symlink in place of a folder
        if stat.S_ISLNK(os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), part) from error
        raise


def _open_in_one_call(folder: int, parts: list[str]) -> int:
    how = _OpenHow(_FLAGS, 0, _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS | _RESOLVE_NO_MAGICLINKS)
    path = "/".join(parts)
    while True:
        found = int(_libc().syscall(_OPENAT2, folder, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how)))
        if found >= 0:
            return found
        number = ctypes.get_errno()
        if number != errno.EINTR:
            raise OSError(number, os.strerror(number), path)


def _split(relative: str) -> list[str]:
    """The parts of a path, at least one."""
    parts = [part for part in relative.split("/") if part not in ("", ".")] or ["."]
    if relative.startswith("/") or ".." in parts:
        raise OSError(errno.EXDEV, "path leads out of its folder", relative)
    try:
        encoded = os.fsencode(relative)
    except UnicodeEncodeError as error:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL)) from error
    if b"\0" in encoded:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return parts


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


@cache
def _has_openat2() -> bool:
    """Whether the kernel has it and, in a container, allows this process to use it."""
    if sys.platform != "linux":
        return False
    root = os.open("/", _FOLDER_FLAGS)
    try:
        os.close(_open_in_one_call(root, ["."]))
    except (OSError, AttributeError):  # AttributeError: a C library without `syscall`
        return False
    finally:
        os.close(root)
    return True
