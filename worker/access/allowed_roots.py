"""Access to local files that an event names: only below the allowed roots. Paths of events are untrusted."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from shared.errors import AccessDeniedError, ForbiddenUriError, NotFoundError, TransientError
from shared.files.foreign_file import TRANSIENT_ERRNOS, OpenedFile, OpenedFolder, open_path, read_foreign_file
from shared.files.open_beneath import open_beneath
from worker.access.store_uri import show_uri

_NOT_BENEATH_ERRNOS = (errno.ELOOP, errno.EXDEV)
"""Raised by `open_beneath` for symlinks, `..` and absolute paths."""
_DENIED_ERRNOS = (errno.EACCES, errno.EPERM)


@dataclass(frozen=True)
class AllowedRoots:
    """The folders below which anything may be read.

    A symlink is followed when its target is below one of them. The file that was checked is the file that is read: the
    path without symlinks is opened relative to the root's descriptor, and stays open. Only the operator may be able to
    replace the roots themselves.
    """

    folders: tuple[Path, ...]

    def resolve(self, uri: str) -> Path:
        """The real path of a URI or absolute path, with symlinks and `..` resolved.

        Raises
        ------
        ForbiddenUriError
            When it is not a local path, or not below an allowed root.
        """
        return self._locate(uri)[1]

    def open(self, uri: str) -> OpenedFile | OpenedFolder:
        """Open the file or folder at a URI or absolute path.

        Raises
        ------
        ForbiddenUriError
            As `resolve`, and when a symlink replaces a folder while the path is opened.
        NotFoundError
            When it does not exist, or is neither a regular file nor a folder.
        AccessDeniedError
            When the permissions of the file system do not let this process read it.
        TransientError
            When the root does not exist now, or its file system fails.
        """
        try:
            return self._open(uri)
        except NotFoundError as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
            self._require_root(self.resolve(uri))
            raise NotFoundError(f"{show_uri(uri)} does not exist") from error

    def open_file(self, uri: str) -> OpenedFile:
        """Open a regular file; raises as `open`."""
        return _require_file(self.open(uri))

    def open_folder(self, uri: str) -> OpenedFolder:
        """Open a folder; raises as `open`."""
        found = self.open(uri)
        if isinstance(found, OpenedFolder):
            return found
        found.close()
        raise NotFoundError(f"expected a folder, but {found.name[:100]!r} is a file")

    def open_within(self, folder: OpenedFolder, name: str) -> OpenedFile:
        """Open a file of an opened folder; raises as `open`, but a link to a missing root is a missing file."""
        with os_errors_translated(folder.path / name):
            try:
                return folder.open_file(name)
            except OSError as error:
                if error.errno not in _NOT_BENEATH_ERRNOS:
                    raise
        return _require_file(self._open(str(folder.path / name)))

    def _open(self, uri: str) -> OpenedFile | OpenedFolder:
        root, path = self._locate(uri)
        with os_errors_translated(path):
            try:
                return _open_below(root, path)
            except OSError as error:
                if error.errno not in _NOT_BENEATH_ERRNOS:
                    raise
                raise ForbiddenUriError(
                    f"{show_uri(uri)} was replaced by a symlink while it was being opened"
                ) from error

    def _locate(self, uri: str) -> tuple[Path, Path]:
        """The allowed root and the path below it, with symlinks resolved in both."""
        try:
            path = _local_path(uri).resolve()
            roots = [folder.resolve() for folder in self.folders]
        except (ValueError, OSError, RuntimeError) as error:
            raise ForbiddenUriError(
                f"expected a valid absolute path, got {show_uri(uri)} ({type(error).__name__})"
            ) from error
        for root in roots:
            if path.is_relative_to(root):
                return root, path
        raise ForbiddenUriError(
            f"{show_uri(uri)} is not in a folder that this worker may read; expected one of OFFSAMPLE_ALLOWED_ROOTS"
        )

    def _require_root(self, path: Path) -> None:
        away = [folder for folder in self.folders if path.is_relative_to(folder.resolve()) and not folder.exists()]
        if away:
            raise TransientError(f"allowed root {away[0]} does not exist now; its file system may not be mounted")


def _require_file(found: OpenedFile | OpenedFolder) -> OpenedFile:
    if isinstance(found, OpenedFile):
        return found
    found.close()
    raise NotFoundError(f"expected a regular file, but {found.name[:100]!r} is a folder")


def _open_below(root: Path, path: Path) -> OpenedFile | OpenedFolder:
    """Open a path that has no symlinks, relative to its root."""
    if path == root:
        return open_path(path)
    with OpenedFolder.at(root) as folder, folder.use() as descriptor:
        return open_path(path, open_beneath(descriptor, str(path.relative_to(root))))


def read_file(file: Path | OpenedFile, max_bytes: int) -> bytes:
    """Read one regular file of at most `max_bytes`.

    Raises
    ------
    NotFoundError
        When it does not exist, or is not a regular file.
    AccessDeniedError
        When the permissions of the file system do not let this process read it.
    TooLargeError
        When the file is larger.
    TransientError
        When its file system fails.
    """
    with os_errors_translated(file if isinstance(file, Path) else file.path):
        return read_foreign_file(file, max_bytes)


@contextmanager
def os_errors_translated(path: Path) -> Iterator[None]:
    """Turn an `OSError` about `path` into `AccessDeniedError`, `TransientError` or `NotFoundError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _DENIED_ERRNOS:
            raise AccessDeniedError(
                f"cannot read {str(path)[:500]!r}: {error.strerror}; expected the user of the workers to have access"
            ) from error
        if error.errno in TRANSIENT_ERRNOS and not (error.errno == errno.EIO and _is_readable(path.parent)):
            raise TransientError(f"cannot read {path.name[:100]!r} now: {error.strerror}") from error
        raise NotFoundError(f"cannot read {path.name[:100]!r}: {error.strerror}") from error


def _is_readable(folder: Path) -> bool:
    """Whether the file system works at all: if so, an input/output error concerns one file only."""
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
    except OSError:
        return False
    return True


def _local_path(uri: str) -> Path:
    """The path of a file: URI; a URI with other parts is rejected, because they would be ignored."""
    if uri.startswith("/"):
        return Path(uri)
    parts = urlsplit(uri) if uri.startswith("file:") else None
    if parts is None or parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise ForbiddenUriError(f"expected an absolute path or file:///…, got {show_uri(uri)}")
    if "?" in uri or "#" in uri:
        raise ForbiddenUriError(
            f"expected a file: URI without query or fragment, got {show_uri(uri)} (in names, ? is %3F and # is %23)"
        )
    if any(letter < " " or letter == "\x7f" for letter in uri):
        raise ForbiddenUriError(f"expected a URI without control characters, got {show_uri(uri)}")
    return Path(os.fsdecode(unquote_to_bytes(parts.path)))
