"""The .ibd file: the numbers of the spectra, read a chunk of spectra at a time.

It is read, not memory-mapped: truncating a mapped file kills the process that reads it, and its pages count as the
process's memory.
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
"""Maximum points of one spectrum: 4 Mi, as from the longest transients of FT-ICR."""

_SPAN_WASTE: Final = 2
"""One read covers several arrays when it is at most this many times their size."""

_LONGEST_SPAN_BYTES: Final = 2**24
"""And at most this long; longer arrays are read one by one."""


@dataclass(frozen=True, eq=False)
class IbdFile:
    """An open .ibd file."""

    name: str
    descriptor: int

    def read_numbers(self, layouts: Sequence[ArrayLayout], spectra: slice) -> list[npt.NDArray[Any]]:
        """The arrays of some spectra, concatenated for each layout, (K,) in the file's dtype.

        Raises
        ------
        InvalidIonImageError
            When the file ends before them, or an array does not decompress to its declared size.
        OSError
            When the disk fails.
        """
        filled = layouts[0].lengths[spectra] > 0  # the offset of an empty array means nothing
        if not filled.any():
            return [np.empty(0, dtype=layout.format.dtype) for layout in layouts]
        starts = np.concatenate([layout.offsets[spectra][filled] for layout in layouts])
        sizes = np.concatenate([layout.encoded_lengths[spectra][filled] for layout in layouts])
        first, span_bytes = int(starts.min()), int((starts + sizes).max() - starts.min())
        one_read = span_bytes <= min(_SPAN_WASTE * int(sizes.sum()), _LONGEST_SPAN_BYTES)
        span = self._read(first, span_bytes) if one_read else None
        return [self._collect(layout, spectra, span, first) for layout in layouts]

    def _collect(self, layout: ArrayLayout, spectra: slice, span: bytes | None, first: int) -> npt.NDArray[Any]:
        """The arrays of one layout, from the span (which begins at byte `first`) or, without one, read one by one."""
        dtype = np.dtype(layout.format.dtype)
        view = memoryview(span or b"")
        parts: list[memoryview | bytes] = []
        columns = (layout.offsets[spectra], layout.encoded_lengths[spectra], layout.lengths[spectra])
        for offset, size, count in zip(*(column.tolist() for column in columns), strict=True):
            if count == 0:
                continue
            part = self._read(offset, size) if span is None else view[offset - first : offset - first + size]
            parts.append(self._decompress(part, count * dtype.itemsize) if layout.format.zlib else part)
        return np.frombuffer(b"".join(parts), dtype=dtype)

    def _read(self, offset: int, size: int) -> bytes:
        parts = []
        while size > 0:
            part = os.pread(self.descriptor, size, offset)
            if not part:
                raise InvalidIonImageError(
                    f"{self.name!r} ends before byte {offset + size:,}, but its imzML declares numbers there;"
                    " expected the whole file"
                )
            parts.append(part)
            offset, size = offset + len(part), size - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _decompress(self, compressed: bytes | memoryview, size: int) -> bytes:
        """Decompress one array, never to more than its declared size."""
        decompressor = zlib.decompressobj()
        try:
            decompressed = decompressor.decompress(compressed, size + 1)
        except zlib.error as error:
            raise InvalidIonImageError(
                f"{self.name!r} has an array that is not valid zlib data ({error}); expected an intact file"
            ) from error
        if len(decompressed) != size or not decompressor.eof:
            found = "more" if len(decompressed) > size else f"{len(decompressed):,}"
            raise InvalidIonImageError(
                f"{self.name!r} has an array that is truncated or decompresses to {found} bytes; expected {size:,},"
                " as its imzML declares"
            )
        return decompressed


@contextmanager
def open_ibd_file(file: Path | OpenedFile, index: ImzmlIndex, limits: Limits) -> Iterator[IbdFile]:
    """Open the .ibd file of an index after checking its UUID and size.

    Raises
    ------
    InvalidIonImageError
        When it belongs to another imzML file, or arrays are outside it.
    TooLargeError
        When it is larger than `limits` allow.
    """
    with open_foreign_file(file, limits.ibd_bytes) as (descriptor, size):
        if index.uuid is not None and index.uuid not in read_uuids(descriptor):
            raise mismatched_uuid_error(file.name, descriptor, index.file_name, index.uuid)
        require_whole(index, size, MAX_POINTS)
        yield IbdFile(file.name, descriptor)


def read_uuids(descriptor: int) -> tuple[str, str]:
    """The first 16 bytes as a UUID, and as a GUID with swapped bytes, as some writers store it."""
    found = os.pread(descriptor, 16, 0)
    swapped = found[3::-1] + found[5:3:-1] + found[7:5:-1] + found[8:]
    return found.hex(), swapped.hex()


def mismatched_uuid_error(name: str, descriptor: int, file_name: str, declared: str) -> InvalidIonImageError:
    """The error for an .ibd file that does not begin with the UUID of its imzML file."""
    found, _ = read_uuids(descriptor)
    return InvalidIonImageError(
        f"{name!r} begins with the UUID {found or '(none)'} and {file_name!r} declares {declared};"
        " expected the two files of one measurement"
    )
