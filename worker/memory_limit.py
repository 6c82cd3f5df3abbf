"""The memory limit of a pool child, the last defence behind the limits on foreign input.

It limits private writable memory (Linux's RLIMIT_DATA): an allocation beyond it fails in this process, which rejects
the event; without the limit the machine would kill some process, maybe another one.
"""

import errno
import os
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import ConfigurationError, InvalidInputError, TooLargeError

_MIN_EVENT_BYTES = 128 * 2**20
_SHARE = 0.9
"""Share of the machine's memory for the children; the rest is for the main process and the system."""

_MEMORY_TEXTS = re.compile(
    r"bad_alloc|out of memory|cannot allocate memory|can't start new thread|(unable|failed|could not) to allocate"
    r"|allocation failed|failed to allocate",
    re.IGNORECASE,
)
"""Texts of memory errors with other classes: of ONNX Runtime, TensorFlow, expat, HDF5, codecs and threads."""


def limit_memory(max_bytes: int, children: int) -> int | None:
    """Limit the memory of this process, after its start-up; returns the limit, or None if there is none.

    Parameters
    ----------
    max_bytes
        Limit of this process, bytes; 0 = its share of the memory of the machine or container.
    children
        Number of processes that share the memory.

    Raises
    ------
    ConfigurationError
        When `max_bytes` leaves too little memory for an event.
    """
    held = _read_memory_use()
    if held is None:
        return None
    touched, reserved = held
    limit = max_bytes or int(_available_bytes() * _SHARE) // children
    if limit < touched + _MIN_EVENT_BYTES:
        least = touched + _MIN_EVENT_BYTES
        if max_bytes:
            raise ConfigurationError(
                f"expected OFFSAMPLE_MAX_MEMORY_BYTES to be at least {least:,}, because a pool child holds {touched:,}"
                f" before its first event, got {max_bytes:,}"
            )
        import structlog  # noqa: PLC0415 - commands on files use this module too, and need no structlog

        structlog.get_logger(__name__).warning("memory_not_limited", share_bytes=limit, least_bytes=least)
        return None
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = limit + reserved - touched  # reserved memory that is never touched takes no room
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))
    return limit


@contextmanager
def reject_memory_errors() -> Iterator[None]:
    """Turn memory errors of any class into a rejection.

    Raises
    ------
    TooLargeError
        When the event needed more memory than the process may use.
    """
    try:
        yield
    except InvalidInputError:
        raise
    except Exception as error:
        if not is_memory_error(error):
            raise
        raise TooLargeError(
            f"dataset needs more memory than allowed ({error or type(error).__name__}); use fewer or smaller ion"
            " images, or increase OFFSAMPLE_MAX_MEMORY_BYTES"
        ) from error


def is_memory_error(error: BaseException | None) -> bool:
    """Whether memory ran out, whatever error a library raised for it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
            return True
        if not isinstance(error, InvalidInputError) and _MEMORY_TEXTS.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _read_memory_use() -> tuple[int, int] | None:
    """Memory that this process has touched and reserved, bytes; None if the system does not report it."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    kibibytes = {name: value.split()[0] for name, _, value in (line.partition(":") for line in lines) if value.split()}
    if not {"RssAnon", "VmData"} <= kibibytes.keys():
        return None
    return int(kibibytes["RssAnon"]) * 1024, int(kibibytes["VmData"]) * 1024


def _available_bytes() -> int:
    """Memory of the machine, or of the container (cgroup) if that is less, bytes."""
    return min([os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), *_cgroup_limits()])


def _cgroup_limits() -> Iterator[int]:
    for line in _read_lines(Path("/proc/self/cgroup")):
        _, controllers, path = line.split(":", maxsplit=2)
        root, name = (
            (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes")
            if "memory" in controllers.split(",")
            else (Path("/sys/fs/cgroup"), "memory.max")
        )
        folder = root / path.lstrip("/")
        for each in (folder, *folder.parents):
            for limit in _read_lines(each / name):
                if limit.isdigit():
                    yield int(limit)


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
    except OSError:
        return []
