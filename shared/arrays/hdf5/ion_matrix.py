"""`X` of an AnnData file: pixels x ions, dense or sparse, read a few ions at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

import h5py
import numpy as np
import numpy.typing as npt

from shared.arrays.checks import NUMBERS
from shared.arrays.hdf5.compression import STORED_SLACK_BYTES, chunk_bytes
from shared.arrays.hdf5.file import PIECE_BYTES, find_column, find_dataset, find_member, read_numbers
from shared.arrays.hdf5.strings import ForeignHdf5, read_string_attribute
from shared.errors import InvalidIonImageError
from shared.ion_image import Intensities
from shared.limits import MEBIBYTE, Limits, require_at_most

BLOCK_BYTES: Final = 128 * MEBIBYTE
"""Size of a block of the matrix in memory, as float32."""

_ENTRIES_PER_READ: Final = 2**21
_DENSE_BYTES_PER_READ: Final = 16 * MEBIBYTE
_WHOLE_NUMBERS: Final = "iu"
_EXPECTED: Final = "expected (pixels, ions), dense or sparse, as AnnData writes it"


class IonMatrix(Protocol):
    """Intensities of all ions in all pixels."""

    @property
    def shape(self) -> tuple[int, int]:
        """(pixels, ions)."""
        ...

    @property
    def piece_bytes(self) -> int:
        """Maximum size of a read of the file."""
        ...

    def read_ions(self, start: int, stop: int) -> Intensities:
        """Read (pixels, stop - start) intensities; what overflows float32 is infinite."""
        ...


def open_ion_matrix(file: ForeignHdf5, limits: Limits) -> IonMatrix:
    """Find `X`, and check its parts by their headers.

    Raises
    ------
    InvalidIonImageError, TooLargeError
        When it is missing or invalid, or has more pixels or ions than the limits allow.
    """
    found = find_member(file, "X")
    if found is None:
        raise InvalidIonImageError(f"file has no `X`; {_EXPECTED}")
    if isinstance(found, h5py.Group):
        return _open_sparse(file, found, limits)
    dense = find_dataset(file, "X", NUMBERS, limits.array_file_bytes, limits.array_chunk_bytes)
    if dense is None or dense.ndim != 2:
        raise InvalidIonImageError(f"`X` has shape {getattr(dense, 'shape', None)}; {_EXPECTED}")
    _check_shape((dense.shape[0], dense.shape[1]), limits)
    return _DenseMatrix(dense)


def _check_shape(shape: tuple[int, int], limits: Limits) -> None:
    """Must come before anything is read that has an entry for each pixel or ion."""
    if min(shape) < 0:
        raise InvalidIonImageError(f"`X` has shape {shape}; {_EXPECTED}")
    require_at_most(shape[0], limits.image_pixels, "number of pixels of `X`")
    require_at_most(shape[1], limits.event_ions, "number of ion images in `X`")


@dataclass(frozen=True, eq=False)
class _DenseMatrix:
    values: h5py.Dataset

    @property
    def shape(self) -> tuple[int, int]:
        pixels, ions = self.values.shape
        return pixels, ions

    @property
    def piece_bytes(self) -> int:
        return _piece_bytes(self.values)

    def read_ions(self, start: int, stop: int) -> Intensities:
        found = np.empty((self.shape[0], stop - start), np.float32)
        for first in range(0, len(found), self._pixels_per_read(stop - start)):
            last = first + self._pixels_per_read(stop - start)
            _copy(self.values[first:last, start:stop], found[first:last])
        return found

    def _pixels_per_read(self, ions: int) -> int:
        """Whole chunks, so that none is decompressed twice."""
        row_bytes = max(1, ions) * self.values.dtype.itemsize
        chunk = 1 if self.values.chunks is None else self.values.chunks[0]
        return int(max(1, _DENSE_BYTES_PER_READ // row_bytes // chunk) * chunk)


@dataclass(frozen=True, eq=False)
class _SparseMatrix:
    """Compressed rows (pixels) or columns (ions)."""

    shape: tuple[int, int]
    by_pixel: bool
    pointers: npt.NDArray[np.int64]
    indices: h5py.Dataset
    values: h5py.Dataset

    @property
    def piece_bytes(self) -> int:
        return max(_piece_bytes(self.values), _piece_bytes(self.indices))

    def read_ions(self, start: int, stop: int) -> Intensities:
        pixels, ions = self.shape
        found = np.zeros((pixels, stop - start), np.float32)
        flat = found.reshape(-1)
        first, last = (0, pixels) if self.by_pixel else (start, stop)
        for lines, indices, values in self._entries(first, last, ions if self.by_pixel else pixels):
            if self.by_pixel:
                wanted = (indices >= start) & (indices < stop)
                cells = lines[wanted] * (stop - start) + (indices[wanted] - start)
                values = values[wanted]  # noqa: PLW2901 - those that are wanted
            else:
                cells = indices * (stop - start) + (lines - start)
            np.add.at(flat, cells, values)  # repeated entries add up
        return found

    def _entries(
        self, first: int, last: int, bound: int
    ) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Intensities]]:
        """Line, index within it and value of the entries of some lines, a limited number at a time."""
        low, end = int(self.pointers[first]), int(self.pointers[last])
        while low < end:
            high = min(low + _ENTRIES_PER_READ, end)
            line, after = np.searchsorted(self.pointers, (low, high - 1), side="right").tolist()
            bounds = np.clip(self.pointers[line - 1 : after + 1], low, high)
            lines = np.repeat(np.arange(line - 1, after), bounds[1:] - bounds[:-1])
            indices = self.indices[low:high].astype(np.int64)
            if int(indices.min()) < 0 or int(indices.max()) >= bound:
                raise InvalidIonImageError(f"`X/indices` are outside the matrix; {_EXPECTED}")
            values = np.empty(high - low, np.float32)
            _copy(self.values[low:high], values)
            yield lines, indices, values
            low = high


def _piece_bytes(dataset: h5py.Dataset) -> int:
    return max(PIECE_BYTES, chunk_bytes(dataset) + STORED_SLACK_BYTES)


def _copy(values: npt.NDArray[Any], target: Intensities) -> None:
    with np.errstate(over="ignore", invalid="ignore"):  # infinite values are handled with the image
        target[...] = values


def _open_sparse(file: ForeignHdf5, group: h5py.Group, limits: Limits) -> _SparseMatrix:
    kind = read_string_attribute(file, group, "encoding-type")
    stated = _read_shape(group)
    if kind not in ("csr_matrix", "csc_matrix") or stated is None:
        raise InvalidIonImageError(f"`X` is neither an array nor a sparse matrix; {_EXPECTED}")
    _check_shape(stated, limits)
    by_pixel = kind == "csr_matrix"
    lines, bound = stated if by_pixel else stated[::-1]
    most, chunk = limits.array_file_bytes, limits.array_chunk_bytes
    values = find_dataset(file, "X/data", NUMBERS, most, chunk)
    indices = find_dataset(file, "X/indices", _WHOLE_NUMBERS, most, chunk)
    pointers = find_column(file, "X/indptr", _WHOLE_NUMBERS, lines + 1)
    if values is None or indices is None or pointers is None or values.shape != indices.shape or values.ndim != 1:
        raise InvalidIonImageError(f"`X` lacks parts of a sparse matrix, or their shapes differ; {_EXPECTED}")
    positions = read_numbers(pointers, np.int64)
    lengths = np.diff(positions)
    if positions[0] != 0 or positions[-1] != values.shape[0] or (lengths.size and lengths.min() < 0):
        raise InvalidIonImageError(f"`X/indptr` does not match `X/data`; {_EXPECTED}")
    if lengths.size and lengths.max() > bound:
        raise InvalidIonImageError(
            f"`X/indptr` states {lengths.max():,} entries for a row or column of length {bound:,}; {_EXPECTED}"
        )
    return _SparseMatrix(stated, by_pixel, positions, indices, values)


def _read_shape(group: h5py.Group) -> tuple[int, int] | None:
    """(rows, columns) that a sparse matrix declares."""
    if "shape" not in group.attrs:
        return None
    attribute = group.attrs.get_id("shape")
    if attribute.shape != (2,) or attribute.dtype.kind not in _WHOLE_NUMBERS:
        return None
    rows, columns = group.attrs["shape"]
    return int(rows), int(columns)
