"""Local files that a foreign message names: hostile until shown otherwise."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from shared.disk_errors import PASSING_ERRNOS
from shared.errors import ForbiddenUriError, NotFoundError, TransientError
from shared.limits import require_at_most
from worker.stores.shown_uri import show_uri


@dataclass(frozen=True)
class AllowedRoots:
    """The folders below which anything may be read."""

    folders: tuple[Path, ...]

    def resolve(self, uri: str) -> Path:
        """The real path that a URI or absolute path names, symlinks and `..` followed.

        Raises
        ------
        ForbiddenUriError
            When it is no local path, or lies below no allowed root.
        """
        try:
            real = _local_path(uri).resolve()
            allowed = any(real.is_relative_to(folder.resolve()) for folder in self.folders)
        except (ValueError, OSError, RuntimeError) as error:
            raise ForbiddenUriError(
                f"{show_uri(uri)} is no usable path ({type(error).__name__}); right would be an absolute path"
            ) from error
        if not allowed:
            raise ForbiddenUriError(
                f"{show_uri(uri)} lies outside what this worker may read; right would be a path below one of its"
                " OFFSAMPLE_ALLOWED_ROOTS"
            )
        return real

    def require_existing(self, path: Path, uri: str) -> None:
        """Tell a wrong path (`NotFoundError`) from a store that is away (`TransientError`)."""
        with os_errors_translated(path):
            if path.exists():
                return
        away = [folder for folder in self.folders if path.is_relative_to(folder.resolve()) and not folder.exists()]
        if away:
            raise TransientError(f"allowed root {away[0]} does not exist now; its store may not be mounted")
        raise NotFoundError(f"{show_uri(uri)} does not exist; right would be a path that does")


def read_file(path: Path, max_bytes: int) -> bytes:
    """Read one regular file of at most `max_bytes`.

    Raises
    ------
    NotFoundError
        When there is no such file, it is no regular file, or it may not be read.
    TooLargeError
        When it is larger.
    TransientError
        When the store behind it fails.
    """
    with os_errors_translated(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise NotFoundError(f"{path.name!r} is no regular file; right would be one")
            require_at_most(status.st_size, max_bytes, f"size of {path.name!r} in bytes")
            with open(descriptor, "rb", closefd=False) as stream:
                content = stream.read(max_bytes + 1)
        finally:
            os.close(descriptor)
    require_at_most(len(content), max_bytes, f"size of {path.name!r} in bytes")
    return content


@contextmanager
def os_errors_translated(path: Path) -> Iterator[None]:
    """Turn what the operating system says of `path` into `TransientError` or `NotFoundError`."""
    try:
        yield
    except OSError as error:
        if error.errno in PASSING_ERRNOS and not (error.errno == errno.EIO and _is_readable(path.parent)):
            raise TransientError(f"{path.name[:100]!r} cannot be read now ({error.strerror})") from error
        raise NotFoundError(
            f"{path.name[:100]!r} cannot be read ({error.strerror}); right would be a readable file"
        ) from error


def _is_readable(folder: Path) -> bool:
    """Whether a store answers at all: if so, an input/output error is one file's."""
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
    except OSError:
        return False
    return True


def _local_path(uri: str) -> Path:
    if uri.startswith("/"):
        return Path(uri)
    parts = urlsplit(uri) if uri.startswith("file:") else None
    if parts is None or parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise ForbiddenUriError(
            f"{show_uri(uri)} is no place this worker reads; right would be an absolute path or file:///…"
        )
    return Path(unquote(parts.path))
