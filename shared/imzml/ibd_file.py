"""The .ibd file: the numbers of the spectra, read a chunk of spectra at a time.

It is read, not mapped into memory: a mapped file that somebody cuts short kills the process that looks at it, and its
pages count as the process's memory.
"""

import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidIonImageError
from shared.files.foreign_file import OpenedFile, open_foreign_file
from shared.imzml.index import ArrayLayout, ImzmlIndex, require_whole
from shared.limits import Limits

MAX_POINTS: Final = 2**22
"""Most points of one spectrum: 4 Mi, what the longest transients of FT-ICR give."""

_SPAN_WASTE: Final = 2
"""One read takes a stretch of file that is at most so many times what is wanted of it."""

_LONGEST_SPAN_BYTES: Final = 2**24
"""And at most this long; a longer array is read alone."""


@dataclass(frozen=True, eq=False)
class IbdFile:
    """An .ibd file, opened."""

    name: str
    descriptor: int

    def read_numbers(self, layouts: Sequence[ArrayLayout], spectra: slice) -> list[npt.NDArray[Any]]:
        """The arrays of some spectra, for each layout one behind the other, (K,) in the file's dtype.

        Raises
        ------
        InvalidIonImageError
            When the file ends before them, or an array does not unpack to what it should.
        OSError
            When the store fails.
        """
        filled = layouts[0].lengths[spectra] > 0  # where an empty array lies means nothing
        if not filled.any():
            return [np.empty(0, dtype=layout.format.dtype) for layout in layouts]
        starts = np.concatenate([layout.offsets[spectra][filled] for layout in layouts])
        sizes = np.concatenate([layout.encoded_lengths[spectra][filled] for layout in layouts])
        first, stretch = int(starts.min()), int((starts + sizes).max() - starts.min())
        one_read = stretch <= min(_SPAN_WASTE * int(sizes.sum()), _LONGEST_SPAN_BYTES)
        span = self._read(first, stretch) if one_read else None
        return [self._collect(layout, spectra, span, first) for layout in layouts]

    def _collect(self, layout: ArrayLayout, spectra: slice, span: bytes | None, first: int) -> npt.NDArray[Any]:
        """One sort of array, out of the span (which begins at byte `first`) or, without one, array by array."""
        dtype = np.dtype(layout.format.dtype)
        view = memoryview(span or b"")
        parts: list[memoryview | bytes] = []
        columns = (layout.offsets[spectra], layout.encoded_lengths[spectra], layout.lengths[spectra])
        for offset, size, count in zip(*(column.tolist() for column in columns), strict=True):
            if count == 0:
                continue
            part = self._read(offset, size) if span is None else view[offset - first : offset - first + size]
            parts.append(self._unpack(part, count * dtype.itemsize) if layout.format.zlib else part)
        return np.frombuffer(b"".join(parts), dtype=dtype)

    def _read(self, offset: int, size: int) -> bytes:
        parts = []
        while size > 0:
            part = os.pread(self.descriptor, size, offset)
            if not part:
                raise InvalidIonImageError(
                    f"{self.name!r} ends before byte {offset + size:,}, where its imzML places numbers; expected the"
                    " whole file"
                )
            parts.append(part)
            offset, size = offset + len(part), size - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _unpack(self, packed: bytes | memoryview, size: int) -> bytes:
        """Unpack one array, never more than it should be."""
        unpacker = zlib.decompressobj()
        try:
            unpacked = unpacker.decompress(packed, size + 1)
        except zlib.error as error:
            raise InvalidIonImageError(
                f"{self.name!r} has an array that is no zlib data ({error}); expected a whole file"
            ) from error
        if len(unpacked) != size or not unpacker.eof:
            found = "more" if len(unpacked) > size else f"{len(unpacked):,}"
            raise InvalidIonImageError(
                f"{self.name!r} has an array that is cut off or unpacks to {found} bytes; expected {size:,}, as its"
                " imzML says"
            )
        return unpacked


@contextmanager
def open_ibd_file(file: Path | OpenedFile, index: ImzmlIndex, limits: Limits) -> Iterator[IbdFile]:
    """Open the .ibd file of an index, after a look at its UUID and size.

    Raises
    ------
    InvalidIonImageError
        When it belongs to another imzML file, or arrays lie outside it.
    TooLargeError
        When it is larger than `limits` allow.
    """
    with open_foreign_file(file, limits.ibd_bytes) as (descriptor, size):
        if index.uuid is not None and index.uuid not in read_uuids(descriptor):
            raise mismatched_uuid_error(file.name, descriptor, index.file_name, index.uuid)
        require_whole(index, size, MAX_POINTS)
        yield IbdFile(file.name, descriptor)


def read_uuids(descriptor: int) -> tuple[str, str]:
    """The first 16 bytes as a UUID, and as some writers store one: with swapped bytes, as a GUID."""
    found = os.pread(descriptor, 16, 0)
    swapped = found[3::-1] + found[5:3:-1] + found[7:5:-1] + found[8:]
    return found.hex(), swapped.hex()


def mismatched_uuid_error(name: str, descriptor: int, file_name: str, stated: str) -> InvalidIonImageError:
    """The error of an .ibd file that does not begin with the UUID of its imzML file."""
    found, _ = read_uuids(descriptor)
    return InvalidIonImageError(
        f"{name!r} begins with the UUID {found or '(none)'} and {file_name!r} names {stated}; expected the two files of"
        " one measurement"
    )
