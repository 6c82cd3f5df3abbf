"""A stream with a limit on the size of a read, so that sizes declared in an untrusted file cannot exhaust memory."""

import io
from typing import BinaryIO

_WHENCE_START = 0


class GuardedStream(io.RawIOBase):
    """A binary stream for libraries that trust the sizes in a file (HDF5, zip).

    Raises
    ------
    OSError
        Without an errno, from a read of more bytes than `max_bytes`, or one beyond the end of the file.
    """

    def __init__(self, stream: BinaryIO, max_bytes: int) -> None:
        super().__init__()
        self._stream = stream
        self.max_bytes = max_bytes
        """Maximum bytes of one read; may be raised for reads whose size was checked."""

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = _WHENCE_START) -> int:
        """Move, as in any stream."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Where the next read begins."""
        return self._stream.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer."""
        self._require_few(len(buffer))
        count: int = self._stream.readinto(buffer)  # type: ignore[attr-defined]
        if count < len(buffer):  # HDF5 would use what is in its buffer
            raise OSError("file is truncated")
        return count

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or to the end."""
        if size is None or size < 0:
            here = self._stream.tell()
            size = self._stream.seek(0, io.SEEK_END) - here
            self._stream.seek(here)
        self._require_few(size)
        return self._stream.read(size)

    def _require_few(self, size: int) -> None:
        if size > self.max_bytes:
            raise OSError(f"one read is of {size:,} bytes; expected at most {self.max_bytes:,}")
