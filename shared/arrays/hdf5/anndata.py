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

from shared.arrays.checks import NUMBERS, check_annotation_ids
from shared.arrays.hdf5.anndata_column import read_id_column, read_number_column, read_positions
from shared.arrays.hdf5.file import PIECE_BYTES, find_dataset, find_member, open_hdf5
from shared.arrays.hdf5.ion_matrix import BLOCK_BYTES, IonMatrix, open_ion_matrix
from shared.arrays.hdf5.strings import ForeignHdf5, read_string_attribute
from shared.errors import InvalidIonImageError
from shared.files.foreign_file import OpenedFile
from shared.ion_image import AcquisitionMask, Intensities
from shared.limits import Limits, require_at_most, require_image_size

_EXPECTED = "expected an AnnData file as metaspace-converter writes it"


@dataclass(frozen=True, eq=False)
class H5adArray:
    """An open `.h5ad` file; see `IonImageArray`. Pixels without an entry in `obs` were not acquired."""

    file: OpenedFile
    limits: Limits
    shape: tuple[int, int, int]
    pixels: npt.NDArray[np.int32]
    """(pixels,) index into the flattened (H, W) image."""
    piece_bytes: int
    """Maximum size of a read of the file."""
    mz: npt.NDArray[Any] | None
    annotation_ids: list[str] | None

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self.file.path

    @property
    def has_independent_rows(self) -> bool:
        """False: images after a damaged part cannot be read."""
        return False

    def rows(self, wanted: Sequence[int] | None = None) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any] | None]]:
        """Read the wanted images, a block of neighbouring ions at a time; see `IonImageArray`."""
        count, height, width = self.shape
        mask = _draw_mask(self.pixels, height, width)
        is_complete = bool(mask.all())
        ions = range(count) if wanted is None else wanted
        with open_hdf5(self.file, self.piece_bytes) as file:
            matrix = open_ion_matrix(file, self.limits)
            for values in _columns(matrix, ions):
                image = np.zeros(height * width, values.dtype)
                image[self.pixels] = values
                del values  # it keeps its block, and only one fits into memory
                yield image.reshape(height, width), None if is_complete else mask


def open_h5ad(opened: OpenedFile, limits: Limits) -> H5adArray:
    """Open an AnnData file; see `open_array`."""
    require_at_most(opened.size, limits.array_file_bytes, f"size of {opened.name} in bytes")
    with open_hdf5(opened) as file:
        matrix = open_ion_matrix(file, limits)
        pixel_count, ion_count = matrix.shape
        x = _read_coordinates(file, "x", pixel_count)
        y = _read_coordinates(file, "y", pixel_count)
        height, width = _find_image_size(file, x, y, pixel_count)
        require_image_size(height, width, limits)
        pixels = y * np.int32(width) + x
        if np.count_nonzero(_draw_mask(pixels, height, width)) != len(pixels):
            raise InvalidIonImageError(f"two rows of `obs` are the same pixel of {height} x {width}; {_EXPECTED}")
        mz = read_number_column(file, "var/mz", ion_count)
        ids = _read_ids(file, ion_count, limits)
        return H5adArray(opened, limits, (ion_count, height, width), pixels, matrix.piece_bytes, mz, ids)


def _columns(matrix: IonMatrix, ions: Sequence[int]) -> Iterator[Intensities]:
    """The values of each wanted ion; ions are read in blocks of neighbours."""
    pixel_count, ion_count = matrix.shape
    width = max(1, BLOCK_BYTES // max(1, pixel_count * np.dtype(np.float32).itemsize))
    start, block = -width, np.empty((0, 0), np.float32)
    for ion in ions:
        if ion >= start + width:
            start, block = ion, np.empty((0, 0), np.float32)  # free the old block first
            block = matrix.read_ions(start, min(start + width, ion_count))
        yield block[:, ion - start]


def _draw_mask(pixels: npt.NDArray[np.int32], height: int, width: int) -> AcquisitionMask:
    mask = np.zeros(height * width, np.bool_)
    mask[pixels] = True
    return mask.reshape(height, width)


def _read_coordinates(file: ForeignHdf5, axis: str, pixel_count: int) -> npt.NDArray[np.int32]:
    name = f"obs/ion_image_pixel_{axis}"
    positions = read_positions(file, name, pixel_count)
    if positions is None:
        raise InvalidIonImageError(f"file has no coordinates of its pixels (`{name}`); {_EXPECTED}")
    return positions


def _find_image_size(
    file: ForeignHdf5, x: npt.NDArray[np.int32], y: npt.NDArray[np.int32], pixel_count: int
) -> tuple[int, int]:
    """Height and width: as declared, else as the coordinates require."""
    sizes = []
    for axis, values in (("y", y), ("x", x)):
        needed = int(values.max(initial=-1)) + 1
        stated = read_positions(file, f"obs/ion_image_shape_{axis}", pixel_count)
        if stated is not None and stated.size:
            size = int(stated.max())
        else:
            size = _read_size(file, f"uns/metaspace/image_size/{axis}", max(1, needed))
        if size < needed:
            raise InvalidIonImageError(f"pixels are outside the image ({axis} {needed - 1} of {size}); {_EXPECTED}")
        sizes.append(size)
    return sizes[0], sizes[1]


def _read_size(file: ForeignHdf5, name: str, default: int) -> int:
    """A single number, or the default where there is none."""
    found = find_dataset(file, name, NUMBERS, PIECE_BYTES, PIECE_BYTES)
    if found is None or not found.size:
        return default
    size = float(found[(0,) * found.ndim])
    if not size.is_integer():
        raise InvalidIonImageError(f"`{name}` is {size:g}; expected a whole number")
    return int(size)


def _read_ids(file: ForeignHdf5, ion_count: int, limits: Limits) -> list[str] | None:
    """The index of `var`, whose name is an attribute of the group."""
    var = find_member(file, "var")
    if not isinstance(var, h5py.Group):
        return None
    name = f"var/{read_string_attribute(file, var, '_index') or '_index'}"
    ids = read_id_column(file, name, ion_count)
    if ids is not None:
        check_annotation_ids(ids, f"`{name}`", limits)
    return ids
