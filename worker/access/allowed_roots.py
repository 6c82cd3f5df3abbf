"""Local files that a foreign message names: hostile until shown otherwise."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from shared.errors import ForbiddenUriError, NotFoundError, TransientError
from shared.files.foreign_file import TRANSIENT_ERRNOS, OpenedFile, OpenedFolder, open_path, read_foreign_file
from shared.files.open_beneath import open_beneath
from worker.access.shown_uri import show_uri

_LEADS_AWAY = (errno.ELOOP, errno.EXDEV)
"""What `open_beneath` says of symlinks, `..` and absolute paths."""


@dataclass(frozen=True)
class AllowedRoots:
    """The folders below which anything may be read.

    A symlink is followed when what it leads to lies below one of them. What was judged is what is read: a path without
    symlinks is opened from the root's descriptor on, and stays open. Roots are the operator's: nobody else may be able
    to exchange them.
    """

    folders: tuple[Path, ...]

    def resolve(self, uri: str) -> Path:
        """The real path that a URI or absolute path names, symlinks and `..` followed.

        Raises
        ------
        ForbiddenUriError
            When it is no local path, or lies below no allowed root.
        """
        return self._locate(uri)[1]

    def open(self, uri: str) -> OpenedFile | OpenedFolder:
        """Open the file or folder that a URI or absolute path names.

        Raises
        ------
        ForbiddenUriError
            As `resolve`, and when a symlink takes the place of a folder meanwhile.
        NotFoundError
            When nothing is there, or neither a regular file nor a folder, or it may not be read.
        TransientError
            When the root itself is away, or the store behind it fails.
        """
        try:
            return self._open(uri)
        except NotFoundError as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
            self._require_root(self.resolve(uri))
            raise NotFoundError(f"{show_uri(uri)} does not exist; expected a path that does") from error

    def open_file(self, uri: str) -> OpenedFile:
        """Open a regular file; raises as `open`."""
        return _require_file(self.open(uri))

    def open_folder(self, uri: str) -> OpenedFolder:
        """Open a folder; raises as `open`."""
        found = self.open(uri)
        if isinstance(found, OpenedFolder):
            return found
        found.close()
        raise NotFoundError(f"{found.name[:100]!r} is no folder; expected one")

    def open_within(self, folder: OpenedFolder, name: str) -> OpenedFile:
        """Open a file of an opened folder; raises as `open`, but a link to a root that is away leads to nothing."""
        with os_errors_translated(folder.path / name):
            try:
                return folder.open_file(name)
            except OSError as error:
                if error.errno not in _LEADS_AWAY:
                    raise
        return _require_file(self._open(str(folder.path / name)))

    def _open(self, uri: str) -> OpenedFile | OpenedFolder:
        root, path = self._locate(uri)
        with os_errors_translated(path):
            try:
                return _open_below(root, path)
            except OSError as error:
                if error.errno not in _LEADS_AWAY:
                    raise
                raise ForbiddenUriError(
                    f"{show_uri(uri)} was exchanged for a symlink while it was opened; expected a path that stays"
                ) from error

    def _locate(self, uri: str) -> tuple[Path, Path]:
        """A root and the path below it, both without symlinks."""
        try:
            path = _local_path(uri).resolve()
            roots = [folder.resolve() for folder in self.folders]
        except (ValueError, OSError, RuntimeError) as error:
            raise ForbiddenUriError(
                f"{show_uri(uri)} is no usable path ({type(error).__name__}); expected an absolute path"
            ) from error
        for root in roots:
            if path.is_relative_to(root):
                return root, path
        raise ForbiddenUriError(
            f"{show_uri(uri)} lies outside what this worker may read; expected a path below one of its"
            " OFFSAMPLE_ALLOWED_ROOTS"
        )

    def _require_root(self, path: Path) -> None:
        away = [folder for folder in self.folders if path.is_relative_to(folder.resolve()) and not folder.exists()]
        if away:
            raise TransientError(f"allowed root {away[0]} does not exist now; its store may not be mounted")


def _require_file(found: OpenedFile | OpenedFolder) -> OpenedFile:
    if isinstance(found, OpenedFile):
        return found
    found.close()
    raise NotFoundError(f"{found.name[:100]!r} is no regular file; expected one")


def _open_below(root: Path, path: Path) -> OpenedFile | OpenedFolder:
    """Open a path without symlinks from its root on."""
    if path == root:
        return open_path(path)
    with OpenedFolder.at(root) as folder, folder.use() as descriptor:
        return open_path(path, open_beneath(descriptor, str(path.relative_to(root))))


def read_file(file: Path | OpenedFile, max_bytes: int) -> bytes:
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
    with os_errors_translated(file if isinstance(file, Path) else file.path):
        return read_foreign_file(file, max_bytes)


@contextmanager
def os_errors_translated(path: Path) -> Iterator[None]:
    """Turn what the operating system says of `path` into `TransientError` or `NotFoundError`."""
    try:
        yield
    except OSError as error:
        if error.errno in TRANSIENT_ERRNOS and not (error.errno == errno.EIO and _is_readable(path.parent)):
            raise TransientError(f"{path.name[:100]!r} cannot be read now ({error.strerror})") from error
        raise NotFoundError(
            f"{path.name[:100]!r} cannot be read ({error.strerror}); expected a readable file"
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
    """The path of a URI, every part of which counts: one that would be ignored is refused."""
    if uri.startswith("/"):
        return Path(uri)
    parts = urlsplit(uri) if uri.startswith("file:") else None
    if parts is None or parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise ForbiddenUriError(
            f"{show_uri(uri)} is no place this worker reads; expected an absolute path or file:///…"
        )
    if "?" in uri or "#" in uri:
        raise ForbiddenUriError(
            f"{show_uri(uri)} has a query or fragment; expected a file: URI without (in a name, ? is %3F and # is %23)"
        )
    if any(letter < " " or letter == "\x7f" for letter in uri):
        raise ForbiddenUriError(f"{show_uri(uri)} has control characters; expected a URI without")
    return Path(os.fsdecode(unquote_to_bytes(parts.path)))
