"""Ion images in an AnnData file as metaspace-converter writes it: pixels x ions, with the pixels' coordinates.

Layout (metaspace-converter 1.1, `metaspace_to_anndata`; AnnData on-disk format 0.1): `X` (pixels, ions), dense or
sparse; `obs` with `ion_image_pixel_x` and `ion_image_pixel_y` from 0, and `ion_image_shape_x`, `ion_image_shape_y`;
`uns/metaspace/image_size`; the index of `var` is formula + adduct, and `var` has a column `mz`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from shared.array_checks import NUMBERS, TEXTS, check_column_shape, make_annotation_ids
from shared.array_hdf5 import find_dataset, find_member, open_hdf5, read_numbers, read_texts
from shared.errors import InvalidIonImageError
from shared.foreign_file import OpenedFile
from shared.ion_matrix import BLOCK_BYTES, IonMatrix, open_ion_matrix
from shared.limits import Limits, require_at_most, require_image_size

_WHOLE_NUMBERS = "iu"
_RIGHT = "right would be an AnnData file as metaspace-converter writes it"


@dataclass(frozen=True, eq=False)
class H5adArray:
    """An `.h5ad` file, opened; see `IonImageArray`. Pixels without an entry in `obs` were not acquired."""

    file: OpenedFile
    limits: Limits
    shape: tuple[int, int, int]
    pixels: npt.NDArray[np.int64]
    """(pixels,) index into the flattened (H, W) image."""
    mz: npt.NDArray[Any] | None
    annotation_ids: list[str] | None

    @property
    def path(self) -> Path:
        """The file's."""
        return self.file.path

    @property
    def has_independent_rows(self) -> bool:
        """What follows a damaged part is lost."""
        return False

    def rows(self, wanted: Sequence[int] | None = None) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any] | None]]:
        """Read the wanted images, a block of neighbouring ions at a time; see `IonImageArray`."""
        count, height, width = self.shape
        mask = np.zeros(height * width, np.bool_)
        mask[self.pixels] = True
        everywhere = bool(mask.all())
        ions = range(count) if wanted is None else wanted
        with open_hdf5(self.file) as file:
            matrix = open_ion_matrix(file, self.limits)
            for values in _columns(matrix, ions, len(self.pixels)):
                image = np.zeros(height * width, values.dtype)
                image[self.pixels] = values
                yield image.reshape(height, width), None if everywhere else mask.reshape(height, width)


def open_h5ad(opened: OpenedFile, limits: Limits) -> H5adArray:
    """Open an AnnData file; see `open_array`."""
    require_at_most(opened.size, limits.array_file_bytes, f"size of {opened.name} in bytes")
    with open_hdf5(opened) as file:
        matrix = open_ion_matrix(file, limits)
        pixel_count, ion_count = matrix.shape
        require_at_most(ion_count, limits.event_ions, f"number of ion images in {opened.name}")
        x = _read_coordinates(file, "x", pixel_count, limits)
        y = _read_coordinates(file, "y", pixel_count, limits)
        height, width = _find_image_size(file, x, y, limits)
        require_image_size(height, width, limits)
        shape = (ion_count, height, width)
        return H5adArray(
            opened,
            limits,
            shape,
            _flatten(x, y, height, width),
            _read_mz(file, shape, limits),
            _read_ids(file, shape, limits),
        )


def _columns(matrix: IonMatrix, ions: Sequence[int], pixel_count: int) -> Iterator[npt.NDArray[Any]]:
    """The values of each wanted ion; neighbours are read together, as many as a block holds."""
    width = max(1, BLOCK_BYTES // max(1, pixel_count * matrix.itemsize))
    start, block = -width, np.empty((0, 0))
    for ion in ions:
        if ion >= start + width:
            start, block = ion, np.empty((0, 0))  # two blocks are never held at once
            block = matrix.read_ions(start, min(start + width, matrix.shape[1]))
        yield block[:, ion - start].copy()  # a view would keep its block


def _read_coordinates(file: h5py.File, axis: str, pixel_count: int, limits: Limits) -> npt.NDArray[np.int64]:
    name = f"obs/ion_image_pixel_{axis}"
    found = find_dataset(file, name, _WHOLE_NUMBERS, limits)
    if found is None:
        raise InvalidIonImageError(f"file has no `{name}`; {_RIGHT}")
    if found.shape != (pixel_count,):
        raise InvalidIonImageError(f"`{name}` has shape {found.shape}; right would be {(pixel_count,)}")
    values = read_numbers(found)
    if values.size and (int(values.min()) < 0 or int(values.max()) >= 2**31):
        raise InvalidIonImageError(f"`{name}` has values outside an image; right would be pixel numbers from 0")
    return values.astype(np.int64)


def _find_image_size(
    file: h5py.File, x: npt.NDArray[np.int64], y: npt.NDArray[np.int64], limits: Limits
) -> tuple[int, int]:
    """Height and width: what the file says, else what the coordinates need."""
    sizes = []
    for axis, values in (("y", y), ("x", x)):
        said = find_dataset(file, f"obs/ion_image_shape_{axis}", _WHOLE_NUMBERS, limits)
        if said is None:
            said = find_dataset(file, f"uns/metaspace/image_size/{axis}", NUMBERS, limits)
        needed = int(values.max(initial=0)) + 1
        first = needed if said is None or not said.size else int(said[(0,) * said.ndim])
        if first < needed:
            raise InvalidIonImageError(f"pixels lie outside the image ({axis} {needed - 1} of {first}); {_RIGHT}")
        sizes.append(first)
    return sizes[0], sizes[1]


def _flatten(x: npt.NDArray[np.int64], y: npt.NDArray[np.int64], height: int, width: int) -> npt.NDArray[np.int64]:
    pixels = y * width + x
    if len(np.unique(pixels)) != len(pixels):
        raise InvalidIonImageError(f"two rows of `obs` are the same pixel of {height} x {width}; {_RIGHT}")
    return pixels


def _read_mz(file: h5py.File, shape: tuple[int, int, int], limits: Limits) -> npt.NDArray[Any] | None:
    found = find_member(file, "var/mz")
    if not isinstance(found, h5py.Dataset):
        return None
    column = find_dataset(file, "var/mz", NUMBERS, limits)
    if column is None:
        return None
    check_column_shape(column.shape, shape, "`var/mz`")
    return read_numbers(column)


def _read_ids(file: h5py.File, shape: tuple[int, int, int], limits: Limits) -> list[str] | None:
    """The index of `var`, whose name the group's attribute says."""
    var = find_member(file, "var")
    if not isinstance(var, h5py.Group):
        return None
    index = f"var/{var.attrs.get('_index', '_index')}"
    if isinstance(find_member(file, index), h5py.Group):  # AnnData's nullable texts
        index += "/values"
    column = find_dataset(file, index, TEXTS, limits)
    if column is None:
        return None
    check_column_shape(column.shape, shape, f"`{index}`")
    return make_annotation_ids(read_texts(column, f"`{index}`"), f"`{index}`")
