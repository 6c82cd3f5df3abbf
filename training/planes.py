"""Planes of network inputs: the ion images alone, and where they were acquired, whatever channels there are."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from shared.ion_image import IonImage
from shared.preprocessing import INPUT_SIDE_PX, NetworkInputs, preprocess

Planes = npt.NDArray[np.float32]
"""(N, 56, 56) in [0, 1]."""


def make_planes(ion_images: Sequence[IonImage]) -> Planes:
    """Preprocess ion images."""
    return take_planes(preprocess(ion_images))


def take_planes(inputs: NetworkInputs) -> Planes:
    """The ion images of network inputs with or without further channels."""
    return np.ascontiguousarray(_with_channels(inputs)[..., 0])


def take_acquisition_mask(inputs: NetworkInputs) -> npt.NDArray[np.bool_]:
    """(56, 56), what any of the images has: their second channel; everything where there is none."""
    channels = _with_channels(inputs)
    if channels.shape[-1] == 1:
        return np.ones((INPUT_SIDE_PX, INPUT_SIDE_PX), dtype=np.bool_)
    return np.asarray((channels[..., 1] > 0.5).any(axis=0))


def _with_channels(inputs: NetworkInputs) -> NetworkInputs:
    return inputs.reshape(len(inputs), INPUT_SIDE_PX, INPUT_SIDE_PX, -1 if len(inputs) else 1)
