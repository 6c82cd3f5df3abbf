"""Binning: several pixels merged, as if the stage had moved in larger steps."""

import numpy as np
import numpy.typing as npt

from shared.ion_image import AcquisitionMask, Intensities

_ACQUIRED_SHARE = 0.5
"""A bin counts as acquired above this share of acquired pixels."""


def bin_mask(mask: AcquisitionMask, acquired: AcquisitionMask, binning: int) -> AcquisitionMask:
    """Acquired bins with more than half of their acquired pixels in the mask; remaining rows are cut off.

    Parameters
    ----------
    mask, acquired
        (H, W), the first within the second.

    Returns
    -------
    (H // `binning`, W // `binning`).
    """
    if binning == 1:
        return mask
    of_mask, of_acquired = _sum(mask, binning), _sum(acquired, binning)
    return np.asarray((of_acquired > _ACQUIRED_SHARE * binning**2) & (of_mask > of_acquired / 2))


def bin_images(
    images: Intensities, acquired: AcquisitionMask, binned_mask: AcquisitionMask, binning: int
) -> Intensities:
    """Mean of (N, H, W) images over the acquired pixels of each bin; 0 where the bin is not acquired."""
    if binning == 1:
        return images
    total, count = _sum(np.where(acquired, images, 0), binning), _sum(acquired, binning)
    return np.where(binned_mask, total / np.maximum(count, 1), 0).astype(np.float32)


def _sum(pixels: npt.NDArray[np.generic], binning: int) -> npt.NDArray[np.float64]:
    """Sum over the bins of the last two axes."""
    height, width = (side // binning for side in pixels.shape[-2:])
    whole = pixels[..., : height * binning, : width * binning].astype(np.float64)
    return np.asarray(whole.reshape(*pixels.shape[:-2], height, binning, width, binning).sum(axis=(-3, -1)))
