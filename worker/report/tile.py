"""A tile: an ion image with one byte a pixel, from which hot spots can be drawn clipped or in full."""

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.ion_image import AcquisitionMask, Intensities, IonImage
from shared.preprocessing import find_ceiling

LINEAR_LEVELS: Final = 230
"""Codes 1 to 230: above 0 up to the ceiling, at which hot spots are clipped, in equal steps; code 0 is intensity 0."""

HOT_LEVELS: Final = 24
"""Codes 231 to 254: from the ceiling to the maximum, in equal ratios."""

NOT_ACQUIRED: Final = 255

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Tile:
    """The codes of one ion image, and what they stand for."""

    codes: Codes
    """(H, W) uint8."""
    ceiling: float
    """The intensity at which hot spots are clipped, see `shared.preprocessing.CLIP_PERCENTILE`; 0 without signal."""
    maximum: float


def make_tile(ion_image: IonImage, most_pixels: int) -> Tile:
    """Reduce an ion image to at most about this many pixels, and to codes."""
    height, width = ion_image.shape
    factor = ceil(sqrt(height * width / most_pixels))
    if factor > 1:
        intensities, acquired = _bin(ion_image, factor)
    else:
        intensities, acquired = ion_image.intensities, ion_image.acquisition_mask
    ceiling = float(find_ceiling(intensities.ravel()))
    maximum = float(intensities.max())
    return Tile(_encode(intensities, acquired, ceiling, maximum), ceiling, maximum)


def _bin(ion_image: IonImage, factor: int) -> tuple[Intensities, AcquisitionMask]:
    """The mean of the acquired pixels in each square of `factor` x `factor`."""
    missing = [(0, -side % factor) for side in ion_image.shape]
    total = _sum_squares(np.pad(ion_image.intensities, missing), factor)
    acquired = _sum_squares(np.pad(ion_image.acquisition_mask, missing).astype(np.float32), factor)
    return (total / np.maximum(acquired, 1)).astype(np.float32), acquired > 0


def _sum_squares(image: Intensities, factor: int) -> Intensities:
    height, width = image.shape
    squares = image.reshape(height // factor, factor, width // factor, factor)
    return np.asarray(squares.sum(axis=(1, 3), dtype=np.float32))


def _encode(intensities: Intensities, acquired: AcquisitionMask, ceiling: float, maximum: float) -> Codes:
    codes = np.zeros(intensities.shape, dtype=np.uint8)
    if ceiling > 0:
        linear = np.rint(np.minimum(intensities / np.float32(ceiling), 1) * LINEAR_LEVELS)
        codes = np.where(intensities > 0, np.maximum(linear, 1), 0).astype(np.uint8)
    if maximum > ceiling > 0:
        hot = intensities > ceiling
        share = np.log(intensities[hot] / ceiling) / np.log(maximum / ceiling)
        codes[hot] = LINEAR_LEVELS + np.clip(np.ceil(share * HOT_LEVELS), 1, HOT_LEVELS).astype(np.uint8)
    codes[~acquired] = NOT_ACQUIRED
    return codes


def decode_tile(tile: Tile) -> Intensities:
    """The intensities that the codes stand for, float32; 0 where nothing was acquired."""
    values = np.zeros(NOT_ACQUIRED + 1, dtype=np.float64)
    values[: LINEAR_LEVELS + 1] = np.arange(LINEAR_LEVELS + 1) / LINEAR_LEVELS * tile.ceiling
    if tile.ceiling > 0:
        shares = np.arange(1, HOT_LEVELS + 1) / HOT_LEVELS
        values[LINEAR_LEVELS + 1 : NOT_ACQUIRED] = tile.ceiling * (tile.maximum / tile.ceiling) ** shares
    return np.asarray(values.astype(np.float32)[tile.codes])


def scale_tile(tile: Tile) -> Intensities:
    """The image as a network sees it before it is resized: clipped at the ceiling, in [0, 1]."""
    levels = np.minimum(np.arange(NOT_ACQUIRED + 1), LINEAR_LEVELS) / np.float32(LINEAR_LEVELS)
    levels[NOT_ACQUIRED] = 0
    return np.asarray(levels.astype(np.float32)[tile.codes])


def coarsen(codes: Codes, step: int) -> Codes:
    """The same codes with `step` linear levels merged into one, which compress better."""
    table = np.arange(NOT_ACQUIRED + 1)
    linear = table[1 : LINEAR_LEVELS + 1]
    table[1 : LINEAR_LEVELS + 1] = np.minimum((linear + step // 2) // step * step, LINEAR_LEVELS).clip(1)
    return np.asarray(table.astype(np.uint8)[codes])
