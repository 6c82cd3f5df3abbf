"""From ion image to network input, the same code for training and for the service.

Not-acquired pixels are 0; intensities are clipped at the 99th percentile of the acquired non-zero ones (one hot pixel
otherwise compresses everything else into a few grey levels), scaled to [0, 1], and resized to 56 x 56 as
`skimage.transform.resize(order=1)` does, anti-aliased when shrinking. The acquisition mask, a second channel for
networks that ask for it, is resized in the same way, to the share of each pixel that was measured.

That resize is linear and separable, and the images of a dataset share one shape, so it is two products with small
matrices that scikit-image itself makes from the identity. They are banded, hence sparse: faster than dense ones
(benchmarks/preprocessing.py), and without BLAS threads, which slow each other down when several processes share the
cores.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from skimage.transform import resize

from shared.ion_image import AcquisitionMask, Intensities, IonImage

PREPROCESSING_VERSION = "1"
"""Recorded in every release's manifest; a release of another version is refused."""

INPUT_SIDE_PX: Final = 56
"""Side of the network input (2018 report, section Data Preprocessing)."""

CLIP_PERCENTILE = 99.0
"""Percentile of the acquired non-zero intensities at which hot spots are clipped."""

_SAMPLE_PX, _SPARE_PX = 1024, 8
"""Pixels sampled to find the largest, and a margin above twice their share, so that too few are unlikely."""

Channel = Literal["ion_image", "acquisition_mask"]
"""A channel of the network input that shows the image itself."""

ALL_CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
"""In the order of the network input; a network takes the first of them, or all."""

ContextChannel = Literal["mean_ion_image", "sample_mask"]
"""A channel that shows the dataset of the image (`model_store/context/dataset_context.py`)."""

CONTEXT_CHANNELS: Final[tuple[ContextChannel, ...]] = get_args(ContextChannel)
"""In their order after `ALL_CHANNELS`; a network takes both or none."""

NETWORK_CHANNELS: Final[tuple[Channel | ContextChannel, ...]] = (*ALL_CHANNELS, *CONTEXT_CHANNELS)
"""All channels, in order."""

NetworkInputs = npt.NDArray[np.float32]
"""(N, 56, 56, C) in [0, 1]; channel 0 is the ion image."""


def preprocess(ion_images: Sequence[IonImage], channels: Sequence[Channel] = ALL_CHANNELS) -> NetworkInputs:
    """Turn ion images, of one shape or of several, into network inputs.

    An image of zeros becomes all 0, any other constant image all 1, never NaN (see `describe_missing_signal`).

    Returns
    -------
    (N, 56, 56, C) float32 in [0, 1], C being the number of `channels`.
    """
    inputs = np.empty((len(ion_images), INPUT_SIDE_PX, INPUT_SIDE_PX, len(channels)), dtype=np.float32)
    for row, ion_image in enumerate(ion_images):
        for index, channel in enumerate(channels):
            inputs[row, :, :, index] = _draw_channel(ion_image, channel)
    return np.clip(inputs, 0.0, 1.0, out=inputs)


def _draw_channel(ion_image: IonImage, channel: Channel) -> Intensities:
    """One channel, (56, 56)."""
    if channel == "acquisition_mask":
        return resize_mask(ion_image.acquisition_mask)
    return _resize(scale_intensities(ion_image))


def resize_mask(mask: AcquisitionMask) -> Intensities:
    """A (H, W) mask as network inputs have it: (56, 56) float32, the share of each pixel that is True."""
    if mask.all():
        return np.ones((INPUT_SIDE_PX, INPUT_SIDE_PX), dtype=np.float32)
    return _resize(mask.astype(np.float32))


def read_acquired(inputs: NetworkInputs) -> AcquisitionMask:
    """(56, 56) pixels that any of a dataset's (N, 56, 56, 2) network inputs marks as measured."""
    return np.asarray((inputs[..., 1] > 0.5).any(axis=0))


def _resize(native: Intensities) -> Intensities:
    """From (H, W) to (56, 56)."""
    height, width = native.shape
    resized: Intensities = (resize_operator(width) @ (resize_operator(height) @ native).T).T
    return resized


def describe_missing_signal(ion_image: IonImage) -> str | None:
    """Why this ion image shows no signal (one sentence), or None when it does."""
    acquired = int(np.count_nonzero(ion_image.acquisition_mask))
    if acquired == 0:
        return "no pixel was acquired"
    highest = ion_image.intensities.max()  # 0 wherever nothing was acquired
    if highest == 0:
        return "every acquired pixel is 0"
    if np.count_nonzero(ion_image.intensities == highest) == acquired:
        return f"every acquired pixel has the same intensity ({float(highest):g})"
    return None


def scale_intensities(ion_image: IonImage) -> Intensities:
    """Clip hot spots and scale to [0, 1] at native size, (H, W) float32."""
    intensities = ion_image.intensities
    ceiling = find_ceiling(intensities.ravel())
    if ceiling == 0:
        return intensities
    scaled = np.minimum(intensities, ceiling)
    return np.divide(scaled, ceiling, out=scaled)


def find_ceiling(values: Intensities) -> np.float32:
    """`CLIP_PERCENTILE` of the non-zero values as `numpy.percentile` finds it; 0 when all are 0."""
    signal = int(np.count_nonzero(values > 0))
    if signal == 0:
        return np.float32(0)
    rank = CLIP_PERCENTILE / 100 * (signal - 1)
    below = int(rank)
    above = min(below + 1, signal - 1)
    largest = _select_largest(values, signal - below)
    first = largest.size - signal  # index of the smallest non-zero value, if it were among them
    ordered = np.partition(largest, (first + below, first + above))
    low, high = float(ordered[first + below]), float(ordered[first + above])
    return np.float32(low + (high - low) * (rank - below))


def _select_largest(values: Intensities, count: int) -> Intensities:
    """At least the `count` largest of the non-zero values, in any order, and rarely many more.

    Sorting a whole image takes longer than all other steps; a regular sample shows where its largest values begin.
    """
    sample = values[:: values.size // _SAMPLE_PX + 1]
    rank = 2 * count * sample.size // values.size + _SPARE_PX
    if rank < sample.size:
        bound = np.partition(sample, sample.size - rank)[sample.size - rank]
        largest: Intensities = values[values >= bound]
        if bound > 0 and largest.size >= count:
            return largest
    return values[values > 0]


@lru_cache(maxsize=64)
def resize_operator(side_px: int) -> csr_array[np.float32]:
    """The sparse (56, `side_px`) float32 matrix that resizes one axis as scikit-image does."""
    identity = np.eye(side_px)
    target = (INPUT_SIDE_PX, side_px)
    resized = resize(identity, target, order=1, anti_aliasing=side_px > INPUT_SIDE_PX)
    return csr_array(resized.astype(np.float32))
