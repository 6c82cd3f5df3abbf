"""One array in an `.npy` or `.npz` file: its header, checked first, and its values, read in order."""

import errno
import io
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import prod
from typing import IO, Any, Final, cast

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy_format

from shared.arrays.guarded_stream import GuardedStream
from shared.errors import InvalidIonImageError
from shared.files.foreign_file import OpenedFile
from shared.limits import MEBIBYTE, require_at_most

_ZIP_START: Final = b"PK"
_SUFFIX: Final = ".npy"
_EXPECTED: Final = "expected a complete file as numpy.savez writes it"
_DIRECTORY_BYTES: Final = MEBIBYTE
"""Maximum size of a zip's directory, which takes 15 times as much memory."""

_PIECE_BYTES: Final = 16 * MEBIBYTE
"""Maximum size of a read; zipfile skips members in pieces of this size."""

_BYTES_PER_READ: Final = MEBIBYTE
_COMPRESSIONS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What numpy.savez writes; zipfile decompresses others without a limit."""

_HEADER_BYTES: Final = 10_000
"""Maximum size of an `.npy` header: NumPy's own limit, which it checks only after reading."""

_CORRUPT: Final = (
    AttributeError,
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,
    SystemError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What zipfile and zlib raise for corrupt files: "encrypted" and "not implemented" are RuntimeErrors, a too large
offset is an OverflowError."""

_BAD_HEADER: Final = (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, SystemError, tokenize.TokenError)
"""What NumPy raises for a corrupt header, which it reads with Python's own parser."""


@dataclass(frozen=True, eq=False)
class ArrayStream:
    """An array in a stream, positioned after its header."""

    what: str
    """The file, and the array in it, for messages."""
    stream: IO[bytes]
    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]

    @property
    def byte_count(self) -> int:
        """Size of all its values, bytes."""
        return prod(self.shape) * self.dtype.itemsize

    def read(self, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """Read the next values, as many as fill `shape`.

        Raises
        ------
        InvalidIonImageError
            When the file is truncated or corrupt.
        """
        found = np.empty(shape, self.dtype)
        target = found.reshape(-1).view(np.uint8) if found.size else np.empty(0, np.uint8)
        for start in range(0, len(target), _BYTES_PER_READ):
            piece = target[start : start + _BYTES_PER_READ]
            with _as_input_error(self.what):
                content = self.stream.read(len(piece))
            if len(content) != len(piece):
                raise InvalidIonImageError(f"{self.what} is truncated; expected shape {self.shape}")
            piece[:] = np.frombuffer(content, np.uint8)
        return found

    def skip(self, shape: tuple[int, ...]) -> None:
        """Skip the next values, as many as fill `shape`; in a truncated file the next read fails."""
        size = prod(shape) * self.dtype.itemsize
        if size:
            with _as_input_error(self.what):
                self.stream.seek(size, os.SEEK_CUR)


@contextmanager
def open_array_streams(file: OpenedFile, names: Sequence[str]) -> Iterator[dict[str, ArrayStream]]:
    """The named arrays of an `.npz`, the first of which is required; an `.npy` has only that one.

    Raises
    ------
    InvalidIonImageError
        When it is neither, lacks the first array, or a header is invalid.
    """
    with ExitStack() as stack:
        stream = stack.enter_context(file.open_stream())
        is_zip = stream.read(len(_ZIP_START)) == _ZIP_START
        stream.seek(0)
        if not is_zip:
            yield {names[0]: _read_header(stream, file.name)}
            return
        guarded = GuardedStream(stream, _DIRECTORY_BYTES)
        with _as_input_error(file.name):
            archive = stack.enter_context(zipfile.ZipFile(cast("IO[bytes]", guarded)))
        guarded.max_bytes = _PIECE_BYTES
        found = {member.removesuffix(_SUFFIX) for member in archive.namelist() if member.endswith(_SUFFIX)}
        if names[0] not in found:
            raise InvalidIonImageError(
                f"{file.name} has no array `{names[0]}` (it has {', '.join(sorted(found)[:5]) or 'none'});"
                " expected (N, H, W)"
            )
        yield {name: _open_member(archive, name, file.name, stack) for name in names if name in found}


def _open_member(archive: zipfile.ZipFile, name: str, file_name: str, stack: ExitStack) -> ArrayStream:
    what = f"`{name}` of {file_name}"
    with _as_input_error(what):
        compression = archive.getinfo(name + _SUFFIX).compress_type
        if compression not in _COMPRESSIONS:
            raise InvalidIonImageError(f"{what} has zip compression {compression}; expected stored or deflated")
        stream = stack.enter_context(archive.open(name + _SUFFIX))
    return _read_header(stream, what)


def _read_header(stream: IO[bytes], what: str) -> ArrayStream:
    with _as_input_error(what):
        try:
            version = npy_format.read_magic(stream)
            if version not in ((1, 0), (2, 0)):
                raise InvalidIonImageError(f"{what} is .npy of version {version}; expected 1.0 or 2.0")
            read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
            shape, fortran_order, dtype = read(_read_header_bytes(stream, 2 if version == (1, 0) else 4, what))
        except _BAD_HEADER as error:
            first_line = str(error).partition("\n")[0]
            raise InvalidIonImageError(
                f"{what} is not a readable .npy array ({first_line}); expected what numpy.save or numpy.savez writes"
            ) from error
    if any(type(side) is not int or side < 0 for side in shape):
        raise InvalidIonImageError(f"{what} has shape {shape}; expected non-negative integers")
    return ArrayStream(what, stream, shape, fortran_order, dtype)


def _read_header_bytes(stream: IO[bytes], width: int, what: str) -> io.BytesIO:
    """Length and content of a header, within NumPy's limit."""
    length = stream.read(width)
    size = int.from_bytes(length, "little")
    require_at_most(size, _HEADER_BYTES, f"length of the header of {what}")
    return io.BytesIO(length + stream.read(size))


@contextmanager
def _as_input_error(what: str) -> Iterator[None]:
    """Turn exceptions of zipfile on corrupt files into `InvalidIonImageError`; a failing disk stays an OSError."""
    try:
        yield
    except _CORRUPT as error:
        raise InvalidIonImageError(f"{what} is corrupt ({error}); {_EXPECTED}") from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):
            raise
        raise InvalidIonImageError(f"{what} is corrupt ({error}); {_EXPECTED}") from error
