"""Ion images as `.npy` and `.npz`, read row by row so that memory holds one image, not the dataset."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from shared.array_checks import check_column_shape, check_image_shape, check_kind, check_mask_shape, make_annotation_ids
from shared.array_stream import ArrayStream, open_array_streams
from shared.errors import InvalidIonImageError
from shared.foreign_file import OpenedFile
from shared.limits import Limits, require_at_most, require_image_size

_IMAGES = "images"
_NUMBERS = "fiub"
_COLUMNS = {"acquired": _NUMBERS, "mz": "fiu", "annotation_ids": "USiu"}
"""The arrays beside `images`, each with the kinds of dtype it may have."""
_TEXT_BYTES = 4 * 512
"""The longest annotation id there may be, as NumPy stores it."""


@dataclass(frozen=True, eq=False)
class PackedArray:
    """An `.npz` or `.npy` file, opened: its shape and its columns are known, its images are not read yet.

    Attributes
    ----------
    file
        The `.npz` or `.npy` file.
    shape
        (N, H, W).
    mz
        (N,) Th, or None.
    annotation_ids
        N texts, or None.
    """

    file: OpenedFile
    shape: tuple[int, int, int]
    mz: npt.NDArray[Any] | None = None
    annotation_ids: list[str] | None = None

    @property
    def path(self) -> Path:
        """The file's."""
        return self.file.path

    @property
    def has_independent_rows(self) -> bool:
        """What follows a damaged part is lost."""
        return False

    def rows(self, wanted: Sequence[int] | None = None) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any] | None]]:
        """Read the wanted images; see `IonImageArray`. Others are passed over, without reading them where possible."""
        count, height, width = self.shape
        with ExitStack() as stack:
            streams = stack.enter_context(open_array_streams(self.file, (_IMAGES, "acquired")))
            images, acquired = streams[_IMAGES], streams.get("acquired")
            one_for_all = acquired is not None and len(acquired.shape) == 2
            mask = acquired.read((height, width)) if acquired is not None and one_for_all else None
            row_streams = [images] if acquired is None or one_for_all else [images, acquired]
            next_row = 0
            for row in range(count) if wanted is None else wanted:
                for stream in row_streams:
                    stream.skip((row - next_row, height, width))
                pixels = images.read((height, width))
                if acquired is not None and not one_for_all:
                    mask = acquired.read((height, width))
                next_row = row + 1
                yield pixels, mask


def open_packed_array(file: OpenedFile, limits: Limits) -> PackedArray:
    """Open an `.npz` (`images`, optionally `acquired`, `mz`, `annotation_ids`) or `.npy` file.

    Raises
    ------
    InvalidIonImageError
        When it is neither, pickled, corrupt, or its columns do not fit its images. A file that only ends early opens.
    TooLargeError
        When bytes, images or pixels exceed `limits`; judged from the headers.
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
        ids = _texts(streams["annotation_ids"], shape[0]) if "annotation_ids" in streams else None
    return PackedArray(file, shape, mz, ids)


def _image_shape(images: ArrayStream) -> tuple[int, int, int]:
    """(N, H, W) of an (N, H, W) array, or of one (H, W) image."""
    _check_dtype(images, _NUMBERS)
    return check_image_shape(images.shape, images.what)


def _check_column(column: ArrayStream, name: str, shape: tuple[int, int, int]) -> None:
    """Refuse a column that does not fit the images."""
    _check_dtype(column, _COLUMNS[name])
    if name == "acquired":
        check_mask_shape(column.shape, shape, column.what)
    else:
        check_column_shape(column.shape, shape, column.what)


def _check_dtype(stream: ArrayStream, kinds: str) -> None:
    check_kind(stream.dtype, kinds, stream.what)
    if stream.fortran_order and len(stream.shape) > 1:
        raise InvalidIonImageError(f"{stream.what} is in Fortran order; right would be C order")


def _texts(stream: ArrayStream, count: int) -> list[str]:
    """N different annotation ids."""
    require_at_most(stream.dtype.itemsize, _TEXT_BYTES, f"size of an entry of {stream.what} in bytes")
    return make_annotation_ids(stream.read((count,)).tolist(), stream.what)
