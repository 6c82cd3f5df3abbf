"""One array in an `.npy` or `.npz` file: its header, judged before anything is read, and its values, read in order."""

import errno
import lzma
import os
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import prod
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy_format

from shared.errors import InvalidIonImageError
from shared.foreign_file import OpenedFile

_ZIP_START = b"PK"
_SUFFIX = ".npy"
_SOUND_ZIP = "right would be a complete file as numpy.savez writes it"
_CORRUPT = (ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
"""What zipfile and its unpackers raise for foreign bytes; RuntimeError is "encrypted", NotImplementedError too."""
_BAD_HEADER = (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, tokenize.TokenError)
"""What NumPy raises for a foreign header, which it reads with Python's own parser."""


@dataclass(frozen=True, eq=False)
class ArrayStream:
    """An array whose header was read and whose values come next."""

    what: str
    """The file, and the array in it, for messages."""
    stream: IO[bytes]
    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]

    @property
    def byte_count(self) -> int:
        """Bytes of all its values."""
        return prod(self.shape) * self.dtype.itemsize

    def read(self, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """Read the next values, as many as fill `shape`.

        Raises
        ------
        InvalidIonImageError
            When the file ends before, or is corrupt.
        """
        size = prod(shape) * self.dtype.itemsize
        with _as_input_error(self.what):
            content = self.stream.read(size)
        if len(content) != size:
            raise InvalidIonImageError(f"{self.what} ends too early; right would be shape {self.shape}")
        return np.frombuffer(content, dtype=self.dtype).reshape(shape) if size else np.empty(shape, self.dtype)

    def skip(self, shape: tuple[int, ...]) -> None:
        """Pass over the next values, as many as fill `shape`; a file that ends before says so at the next read."""
        size = prod(shape) * self.dtype.itemsize
        if size:
            with _as_input_error(self.what):
                self.stream.seek(size, os.SEEK_CUR)


@contextmanager
def open_array_streams(file: OpenedFile, names: Sequence[str]) -> Iterator[dict[str, ArrayStream]]:
    """Those of the named arrays that an `.npz` has, the first of which it must have; an `.npy` has only that one.

    Raises
    ------
    InvalidIonImageError
        When it is neither, lacks the first array, or a header is none.
    """
    with ExitStack() as stack:
        stream = stack.enter_context(file.open_stream())
        is_zip = stream.read(len(_ZIP_START)) == _ZIP_START
        stream.seek(0)
        if not is_zip:
            yield {names[0]: _read_header(stream, file.name)}
            return
        with _as_input_error(file.name):
            archive = stack.enter_context(zipfile.ZipFile(stream))
        found = {member.removesuffix(_SUFFIX) for member in archive.namelist() if member.endswith(_SUFFIX)}
        if names[0] not in found:
            raise InvalidIonImageError(
                f"{file.name} has no array `{names[0]}` (it has {', '.join(sorted(found)[:5]) or 'none'});"
                " right would be (N, H, W)"
            )
        yield {name: _open_member(archive, name, file.name, stack) for name in names if name in found}


def _open_member(archive: zipfile.ZipFile, name: str, file_name: str, stack: ExitStack) -> ArrayStream:
    what = f"`{name}` of {file_name}"
    with _as_input_error(what):
        stream = stack.enter_context(archive.open(name + _SUFFIX))
    return _read_header(stream, what)


def _read_header(stream: IO[bytes], what: str) -> ArrayStream:
    with _as_input_error(what):
        try:
            version = npy_format.read_magic(stream)
            if version not in ((1, 0), (2, 0)):
                raise InvalidIonImageError(f"{what} is .npy of version {version}; right would be 1.0 or 2.0")
            read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
            shape, fortran_order, dtype = read(stream)
        except _BAD_HEADER as error:
            first_line = str(error).partition("\n")[0]
            raise InvalidIonImageError(
                f"{what} is no readable .npy array ({first_line}); right would be what numpy.save or numpy.savez writes"
            ) from error
    if any(type(side) is not int or side < 0 for side in shape):
        raise InvalidIonImageError(f"{what} has shape {shape}; right would be whole numbers from 0")
    return ArrayStream(what, stream, shape, fortran_order, dtype)


@contextmanager
def _as_input_error(what: str) -> Iterator[None]:
    """Turn what foreign bytes do to zipfile into the caller's error; a failing disk stays an OSError."""
    try:
        yield
    except _CORRUPT as error:
        raise InvalidIonImageError(f"{what} is corrupt ({error}); {_SOUND_ZIP}") from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):
            raise
        raise InvalidIonImageError(f"{what} is corrupt ({error}); {_SOUND_ZIP}") from error
