"""The memory that one pool child may take: the last line, behind the limits on foreign input.

It holds for private memory that can be written (Linux's RLIMIT_DATA): an allocation beyond it fails in this process,
which refuses the event, instead of the machine killing a process that may be another.
"""

import errno
import os
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import ConfigurationError, InvalidInputError, TooLargeError

_LEAST_FOR_AN_EVENT = 128 * 2**20
_SHARE_OF_ALL = 0.9
"""Of the machine's memory; the rest is the main process's and the system's."""

_MEMORY_WORDS = re.compile(
    r"bad_alloc|out of memory|cannot allocate memory|can't start new thread|(unable|failed|could not) to allocate"
    r"|allocation failed|failed to allocate",
    re.IGNORECASE,
)
"""How libraries say it that raise errors of their own: ONNX Runtime, TensorFlow, expat, HDF5, codecs, threads."""


def limit_memory(max_bytes: int, children: int) -> int | None:
    """Limit this process, once it holds what it keeps; gives the limit, or None where there is none.

    Parameters
    ----------
    max_bytes
        Memory it may take in all; 0 = its share of what machine and container have.
    children
        How many share that.

    Raises
    ------
    ConfigurationError
        When `max_bytes` leaves too little for an event.
    """
    held = _read_held()
    if held is None:
        return None
    touched, reserved = held
    limit = max_bytes or int(_available_bytes() * _SHARE_OF_ALL) // children
    if limit < touched + _LEAST_FOR_AN_EVENT:
        least = touched + _LEAST_FOR_AN_EVENT
        if max_bytes:
            raise ConfigurationError(
                f"OFFSAMPLE_MAX_MEMORY_BYTES is {max_bytes:,}, of which a pool child holds {touched:,} before its"
                f" first event; expected at least {least:,}"
            )
        import structlog  # noqa: PLC0415 - this module is one of commands on files too, which need not wait for it

        structlog.get_logger(__name__).warning("memory_not_limited", share_bytes=limit, least_bytes=least)
        return None
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = limit + reserved - touched  # what is reserved and never touched takes no memory
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))
    return limit


@contextmanager
def refusing_too_large() -> Iterator[None]:
    """Turn whatever is raised for want of memory into a rejection.

    Raises
    ------
    TooLargeError
        When the event needed more memory than the process may take.
    """
    try:
        yield
    except InvalidInputError:
        raise
    except Exception as error:
        if not is_want_of_memory(error):
            raise
        raise TooLargeError(
            f"dataset needs more memory than there is for one ({error or type(error).__name__}); expected a"
            " smaller dataset, smaller ion images, or a larger OFFSAMPLE_MAX_MEMORY_BYTES"
        ) from error


def is_want_of_memory(error: BaseException | None) -> bool:
    """Whether memory was short, whatever a library made of it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
            return True
        if not isinstance(error, InvalidInputError) and _MEMORY_WORDS.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _read_held() -> tuple[int, int] | None:
    """Memory that this process has touched, and what it has reserved; None on a system that does not say."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    kibibytes = {name: value.split()[0] for name, _, value in (line.partition(":") for line in lines) if value.split()}
    if not {"RssAnon", "VmData"} <= kibibytes.keys():
        return None
    return int(kibibytes["RssAnon"]) * 1024, int(kibibytes["VmData"]) * 1024


def _available_bytes() -> int:
    """Memory of the machine, or of the container (cgroup) if that is less."""
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
