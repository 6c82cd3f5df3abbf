"""The pixel sketch: a summary of a dataset's pixel spectra, in memory that does not grow with its ions.

A pixel's spectrum is its intensities in all ion images. Every ion image is smoothed a little, centred, and divided by
the deviation that it had before smoothing, so that an ion counts by the share of its variance that is spatially
coherent: noise hardly counts, no matter how bright. Of the (pixels x ions) matrix of these only the leading principal
components are kept, updated 64 ions at a time by a truncated singular value decomposition (Ross et al. 2008,
Int. J. Comput. Vis. 77:125, without forgetting); up to 128 ions it is exact. Updates happen after every 64th ion
regardless of the batches, so a stream gives the same sketch as all ions in one batch.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from shared.errors import InvalidIonImageError
from shared.ion_image import AcquisitionMask
from shared.preprocessing import INPUT_SIDE_PX

_RANK = 64
"""Components that are kept between updates."""

_SMOOTHING_PX = 0.7
"""Deviation of the Gaussian, in pixels of a 56 x 56 image."""

_MIN_DEVIATION = 1e-6
"""Of intensities in [0, 1], under which an image is constant."""

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PixelComponents:
    """The leading principal components of the pixel spectra."""

    scores: Float64
    """(P, C), one row an acquired pixel in reading order, C <= the number asked for."""

    shares: Float64
    """(C,), each component's share of the variance over all ions."""

    ions: int
    """Ion images that are not constant."""


class PixelSketch:
    """Accumulates ion images; holds at most 128 arrays of their size."""

    def __init__(self, acquisition_mask: AcquisitionMask) -> None:
        """Begin without ions.

        Parameters
        ----------
        acquisition_mask
            (H, W) bool, of all images.
        """
        self.acquisition_mask = acquisition_mask
        self.ions = 0
        """Images added, including constant ones."""

        self._sum = np.zeros(acquisition_mask.shape)
        self._sigma_px = _SMOOTHING_PX * unit_px(acquisition_mask.shape)
        self._weight = self._smooth(acquisition_mask.astype(np.float32))[acquisition_mask]
        pixels = int(np.count_nonzero(acquisition_mask))
        self._rows: Float32 = np.empty((2 * _RANK, pixels), dtype=np.float32)
        self._filled = 0
        self._energy = 0.0
        self._showing = 0

    def add(self, images: Float32) -> None:
        """Add ion images.

        Parameters
        ----------
        images
            (N, H, W) float32 in [0, 1]: `scale_intensities` at native size, or the ion images of network inputs.

        Raises
        ------
        InvalidIonImageError
            When they are not of the acquisition mask's size.
        """
        if images.ndim != 3 or images.shape[1:] != self.acquisition_mask.shape:
            raise InvalidIonImageError(
                f"ion images have shape {images.shape} and the acquisition mask {self.acquisition_mask.shape};"
                " expected (N, height, width) and (height, width)"
            )
        for image in images:
            self._add_one(image)

    @property
    def mean_image(self) -> Float32:
        """(H, W), the mean of all images added; 0 before the first."""
        return (self._sum / max(self.ions, 1)).astype(np.float32)

    def components(self, count: int) -> PixelComponents:
        """The first `count` principal components, or fewer when there are not as many."""
        found = _compress(self._rows[: self._filled], count)
        squares = np.square(found, dtype=np.float64).sum(axis=1)
        kept = squares > 1e-9 * max(self._energy, 1e-12)
        shares = squares[kept] / max(self._energy, 1e-12)
        return PixelComponents(found[kept].T.astype(np.float64), shares, self._showing)

    def _add_one(self, image: Float32) -> None:
        self.ions += 1
        self._sum += image
        acquired = image[self.acquisition_mask]
        if acquired.size == 0 or (deviation := float(acquired.std())) < _MIN_DEVIATION:
            return
        mean = float(acquired.mean())
        centred = np.where(self.acquisition_mask, (image - mean) / deviation, 0).astype(np.float32)
        smooth = self._smooth(centred)[self.acquisition_mask] / self._weight
        row = smooth - smooth.mean(dtype=np.float64)
        self._rows[self._filled] = row
        self._energy += float(np.square(row, dtype=np.float64).sum())
        self._filled += 1
        self._showing += 1
        if self._filled == len(self._rows):
            self._rows[:_RANK] = _compress(self._rows, _RANK)
            self._filled = _RANK

    def _smooth(self, image: Float32) -> Float32:
        return np.asarray(ndimage.gaussian_filter(image, self._sigma_px, mode="constant"), dtype=np.float32)


def unit_px(shape: tuple[int, ...]) -> float:
    """How many pixels of an image of this shape make one of a 56 x 56 image, at least 1."""
    return max(1.0, float(np.sqrt(shape[0] * shape[1])) / INPUT_SIDE_PX)


def _compress(rows: Float32, count: int) -> Float32:
    """The leading right singular vectors of (R, P) `rows` times their singular values, (min(count, R, P), P)."""
    values, vectors = np.linalg.eigh((rows @ rows.T).astype(np.float64))
    leading = vectors[:, np.argsort(values)[::-1][: min(count, rows.shape[1])]]
    return np.asarray(leading.T.astype(np.float32) @ rows)
