"""`X` of an AnnData file: pixels x ions, dense or sparse, read a few ions at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import h5py
import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_matrix, csr_matrix

from shared.array_checks import NUMBERS
from shared.array_hdf5 import find_dataset, find_member
from shared.errors import InvalidIonImageError
from shared.limits import Limits

BLOCK_BYTES = 2**27
"""How much of the matrix is unpacked at once."""
_ENTRIES_AT_ONCE = 2**22
_WHOLE_NUMBERS = "iu"
_RIGHT = "right would be (pixels, ions), dense or sparse, as AnnData writes it"


class IonMatrix(Protocol):
    """Intensities of all ions in all pixels."""

    @property
    def shape(self) -> tuple[int, int]:
        """(pixels, ions)."""
        ...

    @property
    def itemsize(self) -> int:
        """Bytes of one intensity."""
        ...

    def read_ions(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Read (pixels, stop - start) intensities."""
        ...


def open_ion_matrix(file: h5py.File, limits: Limits) -> IonMatrix:
    """Find `X`, and judge its parts by their headers.

    Raises
    ------
    InvalidIonImageError, TooLargeError
        When there is none, or it cannot be used.
    """
    found = find_member(file, "X")
    if found is None:
        raise InvalidIonImageError(f"file has no `X`; {_RIGHT}")
    if isinstance(found, h5py.Group):
        return _open_sparse(file, found, limits)
    dense = find_dataset(file, "X", NUMBERS, limits)
    if dense is None or dense.ndim != 2:
        raise InvalidIonImageError(f"`X` has shape {getattr(dense, 'shape', None)}; {_RIGHT}")
    return _DenseMatrix(dense)


@dataclass(frozen=True, eq=False)
class _DenseMatrix:
    values: h5py.Dataset

    @property
    def shape(self) -> tuple[int, int]:
        pixels, ions = self.values.shape
        return pixels, ions

    @property
    def itemsize(self) -> int:
        return int(self.values.dtype.itemsize)

    def read_ions(self, start: int, stop: int) -> npt.NDArray[Any]:
        return np.asarray(self.values[:, start:stop])


@dataclass(frozen=True, eq=False)
class _SparseMatrix:
    """Compressed rows (pixels) or columns (ions)."""

    shape: tuple[int, int]
    by_pixel: bool
    pointers: npt.NDArray[np.int64]
    indices: h5py.Dataset
    values: h5py.Dataset

    @property
    def itemsize(self) -> int:
        return int(self.values.dtype.itemsize)

    def read_ions(self, start: int, stop: int) -> npt.NDArray[Any]:
        pixels, ions = self.shape
        if not self.by_pixel:
            low, high = int(self.pointers[start]), int(self.pointers[stop])
            parts = self._read_entries(low, high, pixels)
            pointers = self.pointers[start : stop + 1] - low
            return np.asarray(csc_matrix((*parts, pointers), shape=(pixels, stop - start)).toarray())
        found = np.empty((pixels, stop - start), self.values.dtype)
        for first, last in self._pixel_blocks():
            low, high = int(self.pointers[first]), int(self.pointers[last])
            parts = self._read_entries(low, high, ions)
            block = csr_matrix((*parts, self.pointers[first : last + 1] - low), shape=(last - first, ions))
            found[first:last] = block[:, start:stop].toarray()
        return found

    def _pixel_blocks(self) -> Iterator[tuple[int, int]]:
        """Runs of pixels with a bounded number of entries, but at least one pixel each."""
        first, pixels = 0, self.shape[0]
        while first < pixels:
            enough = int(np.searchsorted(self.pointers, self.pointers[first] + _ENTRIES_AT_ONCE, side="right")) - 1
            last = min(max(enough, first + 1), pixels)
            yield first, last
            first = last

    def _read_entries(self, low: int, high: int, bound: int) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        indices = self.indices[low:high].astype(np.int64)
        if indices.size and (int(indices.min()) < 0 or int(indices.max()) >= bound):
            raise InvalidIonImageError(f"`X/indices` lead outside the matrix; {_RIGHT}")
        return self.values[low:high], indices


def _open_sparse(file: h5py.File, group: h5py.Group, limits: Limits) -> _SparseMatrix:
    kind = group.attrs.get("encoding-type")
    said = np.asarray(group.attrs.get("shape", ()))
    if kind not in ("csr_matrix", "csc_matrix") or said.shape != (2,) or said.dtype.kind not in _WHOLE_NUMBERS:
        raise InvalidIonImageError(f"`X` is no array and no sparse matrix; {_RIGHT}")
    shape = (int(said[0]), int(said[1]))
    values = find_dataset(file, "X/data", NUMBERS, limits)
    indices = find_dataset(file, "X/indices", _WHOLE_NUMBERS, limits)
    pointers = find_dataset(file, "X/indptr", _WHOLE_NUMBERS, limits)
    if values is None or indices is None or pointers is None or values.shape != indices.shape or values.ndim != 1:
        raise InvalidIonImageError(f"`X` lacks parts of a sparse matrix, or they do not fit; {_RIGHT}")
    by_pixel = kind == "csr_matrix"
    lines = shape[0] if by_pixel else shape[1]
    if min(shape) < 0 or pointers.shape != (lines + 1,):
        raise InvalidIonImageError(f"`X/indptr` has shape {pointers.shape}; right would be {(lines + 1,)}")
    positions = pointers[()].astype(np.int64)
    if positions[0] != 0 or positions[-1] != values.shape[0] or bool(np.any(np.diff(positions) < 0)):
        raise InvalidIonImageError(f"`X/indptr` does not lead through `X/data`; {_RIGHT}")
    return _SparseMatrix(shape, by_pixel, positions, indices, values)
