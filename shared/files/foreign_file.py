"""Foreign files and folders, opened once: whoever reads them is given what was opened, not a name to look up again."""

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
    """A descriptor that several threads may use; once closed, it goes when the last of them is done with it.

    A number that were closed under a thread could be another file's a moment later.
    """

    def __init__(self, descriptor: int, path: Path) -> None:
        self.path = path
        """Where it was when it was opened; for messages."""
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._users = 0
        self._wanted = True

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.name

    @contextmanager
    def use(self) -> Iterator[int]:
        """Give the descriptor, open until the block ends; ValueError after `close`."""
        with self._lock:
            if not self._wanted:
                raise ValueError(f"{self.name!r} was closed")
            self._users += 1
        try:
            yield self._descriptor
        finally:
            with self._lock:
                self._users -= 1
                self._close_unused()

    def close(self) -> None:
        """Let nobody begin to read; the second time does nothing."""
        with self._lock:
            if self._wanted:
                self._wanted = False
                self._close_unused()

    def _close_unused(self) -> None:
        if not self._wanted and self._users == 0:
            os.close(self._descriptor)

    def __del__(self) -> None:
        self.close()


class OpenedFile(_Opened):
    """A regular file."""

    @classmethod
    def at(cls, path: Path) -> Self:
        """Open a file of one's own by its path, which is no symlink.

        Raises
        ------
        NotFoundError
            When it is no regular file.
        OSError
            When it cannot be opened.
        """
        return cls.of(os.open(path, _FLAGS), path)

    @classmethod
    def of(cls, descriptor: int, path: Path) -> Self:
        """Take over a descriptor; it is closed when it is no regular file's."""
        found = cls(descriptor, path)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            found.close()
            raise NotFoundError(f"{path.name!r} is no regular file; expected one")
        return found

    @property
    def size(self) -> int:
        """Bytes that it has now."""
        with self.use() as descriptor:
            return os.fstat(descriptor).st_size

    def open_stream(self) -> BinaryIO:
        """A stream from the first byte on, with a position of its own."""
        return cast("BinaryIO", io.BufferedReader(_FileReader(self)))


class OpenedFolder(_Opened):
    """A folder: what lies in it is opened and listed by its descriptor."""

    @classmethod
    def at(cls, path: Path) -> Self:
        """Open a folder of one's own by its path, which is no symlink; OSError when there is none."""
        return cls(os.open(path, _FLAGS | os.O_DIRECTORY), path)

    def open_file(self, relative: str) -> OpenedFile:
        """Open a regular file below it, through no symlink; raises as `open_beneath`, and NotFoundError."""
        with self.use() as descriptor:
            return OpenedFile.of(open_beneath(descriptor, relative), self.path / relative)

    def list_names(self) -> list[str]:
        """Names of what lies in it, sorted."""
        with self.use() as descriptor:
            return sorted(os.listdir(descriptor))  # noqa: PTH208 - a descriptor is no Path


def open_path(path: Path, descriptor: int | None = None) -> OpenedFile | OpenedFolder:
    """Open a path of one's own that is no symlink, or take over the descriptor that was opened of it.

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
    """Reads an opened file at a position of its own, so that several may read at once."""

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
        wanted = offset + (self._file.size if start is None else start)
        if wanted < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._position = wanted
        return wanted

    def tell(self) -> int:
        return self._position


@contextmanager
def open_foreign_file(file: Path | OpenedFile, max_bytes: int) -> Iterator[tuple[int, int]]:
    """Give the descriptor of a regular file of at most `max_bytes`, and its size in bytes.

    Raises
    ------
    NotFoundError
        When it is no regular file.
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
    """Read all of a regular file; raises as `open_foreign_file`, also when it grows while it is read."""
    parts, length = [], 0
    with open_foreign_file(file, max_bytes) as (descriptor, size):
        while part := os.pread(descriptor, max(size + 1 - length, 4096), length):
            parts.append(part)
            length += len(part)
            require_at_most(length, max_bytes, f"size of {file.name!r} in bytes")
    return b"".join(parts)
