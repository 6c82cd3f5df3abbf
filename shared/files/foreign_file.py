"""Untrusted files and folders, opened once: readers get the open descriptor, not a path to look up again."""

import errno
import io
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

from shared.errors import NotFoundError
from shared.files.closable import Closable
from shared.files.open_beneath import open_beneath
from shared.limits import require_at_most

TRANSIENT_ERRNOS = frozenset(
    {errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EHOSTDOWN, errno.EAGAIN, errno.EMFILE}
)
"""Errors of a disk or network share that may go away; any other error of a read is the file's."""

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class _Opened(Closable):
    """A descriptor that several threads may use; it is closed when the last of them is done.

    If it were closed while a thread uses it, its number could soon be that of another file.
    """

    def __init__(self, descriptor: int, path: Path) -> None:
        self.path = path
        """Its path when it was opened, for messages."""
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._users = 0
        self._is_open = True

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.name

    @contextmanager
    def use(self) -> Iterator[int]:
        """Yield the descriptor, open until the block ends; ValueError after `close`."""
        with self._lock:
            if not self._is_open:
                raise ValueError(f"{self.name!r} was closed")
            self._users += 1
        try:
            yield self._descriptor
        finally:
            with self._lock:
                self._users -= 1
                self._close_unused()

    def close(self) -> None:
        """Close for new readers; closing twice is harmless."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                self._close_unused()

    def _close_unused(self) -> None:
        if not self._is_open and self._users == 0:
            os.close(self._descriptor)

    def __del__(self) -> None:
        self.close()


class OpenedFile(_Opened):
    """A regular file."""

    @classmethod
    def at(cls, path: Path) -> Self:
        """Open a trusted path that is not a symlink.

        Raises
        ------
        NotFoundError
            When it is not a regular file.
        OSError
            When it cannot be opened.
        """
        return cls.of(os.open(path, _FLAGS), path)

    @classmethod
    def of(cls, descriptor: int, path: Path) -> Self:
        """Take over a descriptor, which is closed when it is not that of a regular file."""
        found = cls(descriptor, path)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            found.close()
            raise NotFoundError(f"expected a regular file, but {path.name!r} is not one")
        return found

    @property
    def size(self) -> int:
        """Its current size, bytes."""
        with self.use() as descriptor:
            return os.fstat(descriptor).st_size

    def open_stream(self) -> BinaryIO:
        """A stream with its own position, from the first byte on."""
        return cast("BinaryIO", io.BufferedReader(_FileReader(self)))


class OpenedFolder(_Opened):
    """A folder; its contents are opened and listed through its descriptor."""

    @classmethod
    def at(cls, path: Path) -> Self:
        """Open a trusted path that is not a symlink; OSError when it is not a folder."""
        return cls(os.open(path, _FLAGS | os.O_DIRECTORY), path)

    def open_file(self, relative: str) -> OpenedFile:
        """Open a regular file below it, following no symlink; raises as `open_beneath`, and NotFoundError."""
        with self.use() as descriptor:
            return OpenedFile.of(open_beneath(descriptor, relative), self.path / relative)

    def list_names(self) -> list[str]:
        """Sorted names of its contents."""
        with self.use() as descriptor:
            return sorted(os.listdir(descriptor))  # noqa: PTH208 - a descriptor, not a Path


def open_path(path: Path, descriptor: int | None = None) -> OpenedFile | OpenedFolder:
    """Open a trusted path that is not a symlink, or take over its open descriptor.

    Raises
    ------
    NotFoundError
        When it is neither a regular file nor a folder.
    OSError
        When it cannot be opened.
    """
    opened = os.open(path, _FLAGS) if descriptor is None else descriptor
    if stat.S_ISDIR(os.fstat(opened).st_mode):
        return OpenedFolder(opened, path)
    return OpenedFile.of(opened, path)


class _FileReader(io.RawIOBase):
    """Reads an open file at its own position, so that several may read concurrently."""

    def __init__(self, file: OpenedFile) -> None:
        super().__init__()
        self._file = file
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._file.use() as descriptor:
            count = os.preadv(descriptor, [buffer], self._position)
        self._position += count
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        position = offset + (self._file.size if start is None else start)
        if position < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._position = position
        return position

    def tell(self) -> int:
        return self._position


@contextmanager
def open_foreign_file(file: Path | OpenedFile, max_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield the descriptor of a regular file of at most `max_bytes`, and its size in bytes.

    Raises
    ------
    NotFoundError
        When it is not a regular file.
    TooLargeError
        When it is larger.
    OSError
        When it cannot be opened.
    """
    if isinstance(file, Path):
        with OpenedFile.at(file) as opened, open_foreign_file(opened, max_bytes) as found:
            yield found
        return
    with file.use() as descriptor:
        size = os.fstat(descriptor).st_size
        require_at_most(size, max_bytes, f"size of {file.name!r} in bytes")
        yield descriptor, size


def read_foreign_file(file: Path | OpenedFile, max_bytes: int) -> bytes:
    """Read all of a regular file; raises as `open_foreign_file`, also when it grows meanwhile."""
    parts, length = [], 0
    with open_foreign_file(file, max_bytes) as (descriptor, size):
        while part := os.pread(descriptor, max(size + 1 - length, 4096), length):
            parts.append(part)
            length += len(part)
            require_at_most(length, max_bytes, f"size of {file.name!r} in bytes")
    return b"".join(parts)
