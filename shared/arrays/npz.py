"""Ion images as `.npy` and `.npz`, read image by image, to hold only one in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.arrays.checks import (
    NUMBERS,
    check_annotation_ids,
    check_column_shape,
    check_image_shape,
    check_kind,
    check_mask_shape,
    read_strings,
)
from shared.arrays.npy_stream import ArrayStream, open_array_streams
from shared.files.foreign_file import OpenedFile
from shared.limits import MEBIBYTE, Limits, require_at_most, require_image_size

_IMAGES = "images"
_COLUMNS = {"acquired": NUMBERS, "mz": "fiu", "annotation_ids": "USiu"}
"""The arrays besides `images`, with their allowed kinds of dtype."""
_STRINGS_PER_READ = 4096
_BLOCK_BYTES = 128 * MEBIBYTE
"""How much of an array in Fortran order is transposed at a time."""
_PIXELS_BYTES = 16 * MEBIBYTE
"""How much of it is read at a time."""


@dataclass(frozen=True, eq=False)
class NpzArray:
    """An open `.npz` or `.npy` file: shape and columns are read, images are not yet.

    Attributes
    ----------
    file
        The `.npz` or `.npy` file.
    shape
        (N, H, W).
    mz
        (N,) Th, or None.
    annotation_ids
        N strings, or None.
    """

    file: OpenedFile
    shape: tuple[int, int, int]
    mz: npt.NDArray[Any] | None = None
    annotation_ids: list[str] | None = None

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self.file.path

    @property
    def has_independent_rows(self) -> bool:
        """False: images after a damaged part cannot be read."""
        return False

    def rows(self, wanted: Sequence[int] | None = None) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any] | None]]:
        """Read the wanted images; see `IonImageArray`. Others are skipped, without reading them where possible."""
        rows = range(self.shape[0]) if wanted is None else wanted
        with open_array_streams(self.file, (_IMAGES, "acquired")) as streams:
            acquired = streams.get("acquired")
            if acquired is not None and len(acquired.shape) == 2:
                mask: Iterator[npt.NDArray[Any] | None] = repeat(_read_image(acquired, self.shape), len(rows))
            elif acquired is not None:
                mask = self._read_rows("acquired", rows)
            else:
                mask = repeat(None, len(rows))
        yield from zip(self._read_rows(_IMAGES, rows), mask, strict=True)

    def _read_rows(self, name: str, wanted: Sequence[int]) -> Iterator[npt.NDArray[Any]]:
        """The wanted rows of one array, (H, W) each."""
        _, height, width = self.shape
        with open_array_streams(self.file, (_IMAGES, name)) as streams:
            stream = streams[name]
            if not stream.fortran_order:
                next_row = 0
                for row in wanted:
                    stream.skip((row - next_row, height, width))
                    next_row = row + 1
                    yield stream.read((height, width))
                return
        chunk_size = max(1, _BLOCK_BYTES // (height * width * stream.dtype.itemsize))
        for start in range(0, len(wanted), chunk_size):
            with open_array_streams(self.file, (_IMAGES, name)) as streams:
                yield from _transpose(streams[name], self.shape, np.asarray(wanted[start : start + chunk_size]))


def _transpose(
    stream: ArrayStream, shape: tuple[int, int, int], wanted: npt.NDArray[np.intp]
) -> Iterator[npt.NDArray[Any]]:
    """The wanted rows of an array in Fortran order, which stores pixel by pixel, each for all rows."""
    count, height, width = shape
    transposed = np.empty((len(wanted), height * width), stream.dtype)
    chunk_size = max(1, _PIXELS_BYTES // (count * stream.dtype.itemsize))
    for start in range(0, height * width, chunk_size):
        stop = min(start + chunk_size, height * width)
        transposed[:, start:stop] = stream.read((stop - start, count))[:, wanted].T
    for row in transposed:
        yield row.reshape(width, height).T


def _read_image(stream: ArrayStream, shape: tuple[int, int, int]) -> npt.NDArray[Any]:
    """The single (H, W) image of an array."""
    _, height, width = shape
    return stream.read((width, height)).T if stream.fortran_order else stream.read((height, width))


def open_npz(file: OpenedFile, limits: Limits) -> NpzArray:
    """Open an `.npz` (`images`, optionally `acquired`, `mz`, `annotation_ids`) or `.npy` file.

    Raises
    ------
    InvalidIonImageError
        When it is neither, pickled, corrupt, or its columns do not match its images. A truncated file can be opened.
    TooLargeError
        When bytes, images or pixels exceed `limits`; checked in the headers.
    """
    require_at_most(file.size, limits.array_file_bytes, f"size of {file.name} in bytes")
    with open_array_streams(file, (_IMAGES, *_COLUMNS)) as streams:
        shape = _image_shape(streams[_IMAGES])
        require_at_most(shape[0], limits.event_ions, f"number of ion images in {file.name}")
        require_image_size(*shape[1:], limits)
        for name in _COLUMNS:
            if name in streams:
                _check_column(streams[name], name, shape)
        for stream in streams.values():
            require_at_most(stream.byte_count, limits.array_file_bytes, f"size of {stream.what} in bytes")
        mz = streams["mz"].read(shape[:1]) if "mz" in streams else None
        ids = _read_ids(streams["annotation_ids"], shape[0], limits) if "annotation_ids" in streams else None
    return NpzArray(file, shape, mz, ids)


def _image_shape(images: ArrayStream) -> tuple[int, int, int]:
    """(N, H, W) of an (N, H, W) array, or of one (H, W) image."""
    check_kind(images.dtype, NUMBERS, images.what)
    return check_image_shape(images.shape, images.what)


def _check_column(column: ArrayStream, name: str, shape: tuple[int, int, int]) -> None:
    """Refuse a column that does not match the images."""
    check_kind(column.dtype, _COLUMNS[name], column.what)
    if name == "acquired":
        check_mask_shape(column.shape, shape, column.what)
    else:
        check_column_shape(column.shape, shape, column.what)


def _read_ids(stream: ArrayStream, count: int, limits: Limits) -> list[str]:
    """N unique annotation ids, read a few at a time, as NumPy stores each at the length of the longest."""
    ids: list[str] = []
    for start in range(0, count, _STRINGS_PER_READ):
        ids += read_strings(stream.read((min(_STRINGS_PER_READ, count - start),)), stream.what)
    check_annotation_ids(ids, stream.what, limits)
    return ids
