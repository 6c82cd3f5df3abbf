"""Where spectra lie: the pixels of a dataset, cut out of the coordinates of an imzML file."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidIonImageError
from shared.imzml.index import ImzmlIndex
from shared.ion_image import AcquisitionMask, Intensities
from shared.limits import Limits, require_image_size

_SHOWN = 10
_MIN_PLACES = 4
"""Columns (or rows) from which on a common step counts as a step."""


@dataclass(frozen=True, eq=False)
class PixelGrid:
    """The rectangle around all spectra; its pixels with a spectrum are numbered as their spectra come.

    Attributes
    ----------
    origin
        Coordinates x, y of the upper left pixel, as the file states them.
    step
        How far neighbouring pixels are apart, x and y, in the file's coordinates: 1 in nearly all files.
    places
        (P,) where each pixel with a spectrum lies in the rectangle, read row by row.
    pixel_of_spectrum
        (S,) number of the pixel, 0 to P - 1; several spectra may share one.
    acquisition_mask
        (H, W) bool, True = there is a spectrum.
    """

    origin: tuple[int, int]
    step: tuple[int, int]
    places: npt.NDArray[np.intp]
    pixel_of_spectrum: npt.NDArray[np.intp]
    acquisition_mask: AcquisitionMask

    @property
    def pixel_count(self) -> int:
        """How many pixels have a spectrum."""
        return len(self.places)

    def spread(self, intensities: npt.NDArray[np.float32]) -> Intensities:
        """(P,) intensities as an (H, W) image, 0 where nothing was measured."""
        image = np.zeros(self.acquisition_mask.size, dtype=np.float32)
        image[self.places] = intensities
        return image.reshape(self.acquisition_mask.shape)


def select_plane(index: ImzmlIndex, z: int | None) -> ImzmlIndex:
    """The spectra of one plane.

    Parameters
    ----------
    z
        Position z of the plane; None = the only one there is.

    Raises
    ------
    InvalidIonImageError
        When the file has several planes and none is chosen, or not the chosen one.
    """
    planes = np.unique(index.coordinates[:, 2]).tolist()
    shown = ", ".join(map(str, planes[:_SHOWN])) + ", …" * (len(planes) > _SHOWN)
    if z is None and len(planes) > 1:
        raise InvalidIonImageError(
            f"{index.file_name!r} has {len(planes)} planes (z: {shown}); expected the z of one of them"
        )
    if z is None or (len(planes) == 1 and z == planes[0]):
        return index
    if z not in planes:
        raise InvalidIonImageError(f"{index.file_name!r} has no plane z = {z}; expected one of {shown}")
    return index.select(np.flatnonzero(index.coordinates[:, 2] == z))


def make_pixel_grid(index: ImzmlIndex, limits: Limits) -> PixelGrid:
    """Lay out the spectra of one plane.

    Coordinates may begin anywhere: only the rectangle that has spectra counts, as on METASPACE, so that a region cut
    out of a large slide is not a small spot in an empty image. Coordinates that all go in a common step (every second
    one, or micrometres) are divided by it.

    Raises
    ------
    InvalidIonImageError
        When all spectra lie at one place.
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
            f"{index.file_name!r} has all its spectra ({len(index):,}) at one place (x {left}, y {top}); expected"
            " one place a pixel"
        )
    require_image_size(height, width, limits)
    places, first, sorted_pixel = np.unique(y * width + x, return_index=True, return_inverse=True)
    by_appearance = np.argsort(first)
    number = np.empty_like(by_appearance)
    number[by_appearance] = np.arange(len(places))
    mask = np.zeros((height, width), dtype=np.bool_)
    mask.flat[places] = True
    return PixelGrid((left, top), (step_x, step_y), places[by_appearance], number[sorted_pixel], mask)


def _find_step(offsets: npt.NDArray[np.int64]) -> int:
    """The common step of coordinates that begin at 0; 1 where there are too few places to tell.

    A few places that happen to share a divisor are no grid: there must be `_MIN_PLACES`, and most of the places that
    the step makes must be taken.
    """
    places = np.unique(offsets)
    step = int(np.gcd.reduce(places))
    if len(places) < _MIN_PLACES or step < 2:
        return 1
    return step if 2 * len(places) > int(places[-1]) // step + 1 else 1
