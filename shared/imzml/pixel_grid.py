"""The pixels of a dataset, from the coordinates of the spectra in an imzML file."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidIonImageError
from shared.imzml.index import ImzmlIndex
from shared.ion_image import AcquisitionMask, Intensities
from shared.limits import Limits, require_image_size

_SHOWN = 10
_MIN_COORDINATES = 4
"""Minimum number of columns (or rows) for a common step of their coordinates to count."""


@dataclass(frozen=True, eq=False)
class PixelGrid:
    """The rectangle around all spectra; pixels with a spectrum are numbered in the order of their spectra.

    Attributes
    ----------
    origin
        Coordinates x, y of the upper left pixel, as declared in the file.
    step
        Distance of neighbouring pixels, x and y, in the file's coordinates: 1 in nearly all files.
    flat_indices
        (P,) index of each pixel with a spectrum into the flattened rectangle.
    pixel_of_spectrum
        (S,) number of the pixel, 0 to P - 1; several spectra may share one.
    acquisition_mask
        (H, W) bool, True = there is a spectrum.
    """

    origin: tuple[int, int]
    step: tuple[int, int]
    flat_indices: npt.NDArray[np.intp]
    pixel_of_spectrum: npt.NDArray[np.intp]
    acquisition_mask: AcquisitionMask

    @property
    def pixel_count(self) -> int:
        """Number of pixels with a spectrum."""
        return len(self.flat_indices)

    def to_image(self, intensities: npt.NDArray[np.float32]) -> Intensities:
        """(P,) intensities as an (H, W) image, 0 where nothing was measured."""
        image = np.zeros(self.acquisition_mask.size, dtype=np.float32)
        image[self.flat_indices] = intensities
        return image.reshape(self.acquisition_mask.shape)


def select_plane(index: ImzmlIndex, z: int | None) -> ImzmlIndex:
    """The spectra of one plane.

    Parameters
    ----------
    z
        Position z of the plane; None = the only one.

    Raises
    ------
    InvalidIonImageError
        When the file has several planes and `z` is None, or it has no plane `z`.
    """
    planes = np.unique(index.coordinates[:, 2]).tolist()
    shown = ", ".join(map(str, planes[:_SHOWN])) + ", …" * (len(planes) > _SHOWN)
    if z is None and len(planes) > 1:
        raise InvalidIonImageError(
            f"{index.file_name!r} has {len(planes)} planes (z: {shown}); expected z to select one of them"
        )
    if z is None or (len(planes) == 1 and z == planes[0]):
        return index
    if z not in planes:
        raise InvalidIonImageError(f"{index.file_name!r} has no plane z = {z}; expected one of {shown}")
    return index.select(np.flatnonzero(index.coordinates[:, 2] == z))


def make_pixel_grid(index: ImzmlIndex, limits: Limits) -> PixelGrid:
    """Map the spectra of one plane to pixels.

    Coordinates may begin anywhere: only the rectangle around the spectra counts, as on METASPACE, so that a small
    region of a large slide fills the image. Coordinates with a common step (every second one, or
    micrometres) are divided by it.

    Raises
    ------
    InvalidIonImageError
        When all spectra have the same position.
    TooLargeError
        When the rectangle is larger than an ion image may be.
    """
    x, y = index.coordinates[:, 0], index.coordinates[:, 1]
    left, top = int(x.min()), int(y.min())
    if left < 0 or top < 0:
        raise InvalidIonImageError(
            f"{index.file_name!r} has positions below 0 (x {left}, y {top}); expected positions from 0 or 1"
        )
    x, y = x - left, y - top
    step_x, step_y = _find_step(x), _find_step(y)
    x, y = x // step_x, y // step_y
    width, height = int(x.max()) + 1, int(y.max()) + 1
    if width == height == 1:
        raise InvalidIonImageError(
            f"{index.file_name!r} has all its {len(index):,} spectra at one position (x {left}, y {top}); expected"
            " one position a pixel"
        )
    require_image_size(height, width, limits)
    flat_indices, first, sorted_pixel = np.unique(y * width + x, return_index=True, return_inverse=True)
    by_appearance = np.argsort(first)
    number = np.empty_like(by_appearance)
    number[by_appearance] = np.arange(len(flat_indices))
    mask = np.zeros((height, width), dtype=np.bool_)
    mask.flat[flat_indices] = True
    return PixelGrid((left, top), (step_x, step_y), flat_indices[by_appearance], number[sorted_pixel], mask)


def _find_step(offsets: npt.NDArray[np.int64]) -> int:
    """The common step of coordinates that begin at 0; 1 where there is none.

    A few coordinates that happen to share a divisor are no grid: there must be `_MIN_COORDINATES`, and at least half of
    the multiples of the step must occur.
    """
    found = np.unique(offsets)
    step = int(np.gcd.reduce(found))
    if len(found) < _MIN_COORDINATES or step < 2:
        return 1
    return step if 2 * len(found) > int(found[-1]) // step + 1 else 1
