"""Pixel spectra that can be compared between datasets.

In the 2018 report a pixel is the vector of its intensities in the dataset's ion images, and classifiers are trained on
some datasets and tested on others. Ions differ between datasets, so m/z cannot be the common axis (and the
identity of an ion would leak its label). Here the ions of a dataset are put in the order of their border/centre ratio,
which needs no label, and that order is cut into 32 channels of equal width: the first are the dataset's most central
ions, the last its most peripheral ones.
"""

import numpy as np
import numpy.typing as npt

from shared.preprocessing import NetworkInputs
from training.metrics.border_centre import score_border_centre

CHANNELS = 32

_LEAST_DEVIATION = 1e-6
_MOST_DEVIATIONS = 5.0
"""Clips hot spots again, because a channel may be the mean of few ions."""

PixelSpectra = npt.NDArray[np.float32]
"""(P, 32), one row per acquired pixel in reading order."""


def make_pixel_spectra(inputs: NetworkInputs, acquisition_mask: npt.NDArray[np.bool_]) -> PixelSpectra:
    """Every ion in units of its own deviation over the acquired pixels, ordered, averaged within channels.

    With fewer ions than channels an ion fills several.
    """
    ordered = inputs[np.argsort(score_border_centre(inputs), kind="stable"), :, :, 0][:, acquisition_mask]
    mean, deviation = ordered.mean(axis=1, keepdims=True), ordered.std(axis=1, keepdims=True)
    scaled = np.minimum((ordered - mean) / np.maximum(deviation, _LEAST_DEVIATION), _MOST_DEVIATIONS)
    return np.asarray((_channel_weights(len(inputs)) @ scaled).T, dtype=np.float32)


def _channel_weights(ions: int) -> npt.NDArray[np.float32]:
    """(32, N): how much of each ion falls into each channel; rows sum to 1."""
    channel_edges = np.linspace(0, 1, CHANNELS + 1)
    ion_edges = np.linspace(0, 1, ions + 1)
    low = np.maximum(channel_edges[:-1, np.newaxis], ion_edges[np.newaxis, :-1])
    high = np.minimum(channel_edges[1:, np.newaxis], ion_edges[np.newaxis, 1:])
    covered = np.maximum(high - low, 0)
    return np.asarray(covered / covered.sum(axis=1, keepdims=True), dtype=np.float32)
