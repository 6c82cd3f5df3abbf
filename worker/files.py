"""Local files that a foreign message names: hostile until shown otherwise."""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from shared.errors import ForbiddenUriError, NotFoundError, TransientError
from shared.limits import require_at_most

_PASSING = {errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EHOSTDOWN, errno.EAGAIN, errno.EMFILE}


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
        path = _local_path(uri)
        try:
            real = path.resolve()
            allowed = any(real.is_relative_to(folder.resolve()) for folder in self.folders)
        except (ValueError, OSError, RuntimeError) as error:
            raise ForbiddenUriError(f"{uri[:200]!r} is no usable path ({error})") from error
        if not allowed:
            raise ForbiddenUriError(
                f"{uri[:200]!r} lies outside what this worker may read; right would be a path below one of its"
                " OFFSAMPLE_ALLOWED_ROOTS"
            )
        return real

    def require_existing(self, path: Path, uri: str) -> None:
        """Tell a wrong path (`NotFoundError`) from a store that is away (`TransientError`)."""
        if path.exists():
            return
        away = [folder for folder in self.folders if path.is_relative_to(folder.resolve()) and not folder.exists()]
        if away:
            raise TransientError(f"allowed root {away[0]} does not exist now; its store may not be mounted")
        raise NotFoundError(f"{uri[:200]!r} does not exist; right would be a path that does")


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
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise NotFoundError(f"{path.name!r} is no regular file; right would be one")
            require_at_most(status.st_size, max_bytes, f"size of {path.name!r} in bytes")
            content = stream.read(max_bytes + 1)
    except OSError as error:
        if error.errno in _PASSING:
            raise TransientError(f"{path.name!r} cannot be read now ({error.strerror})") from error
        raise NotFoundError(
            f"{path.name!r} cannot be read ({error.strerror}); right would be a readable file"
        ) from error
    require_at_most(len(content), max_bytes, f"size of {path.name!r} in bytes")
    return content


def _local_path(uri: str) -> Path:
    if uri.startswith("/"):
        return Path(uri)
    parts = urlsplit(uri) if uri.startswith("file:") else None
    if parts is None or parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise ForbiddenUriError(
            f"{uri[:200]!r} is no place this worker reads; right would be an absolute path or file:///…"
        )
    return Path(unquote(parts.path))
