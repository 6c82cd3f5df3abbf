"""The borders of a dataset: which pixels were acquired, and how far each lies from the border of the acquired area."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from shared.preprocessing import INPUT_SIDE_PX

HALF_PX = INPUT_SIDE_PX // 2
"""Side of a thumbnail, and of the predicted sample mask."""

_DEEP_PX = INPUT_SIDE_PX / 2
"""Depth that counts as 1, px of the network input."""

Plane = npt.NDArray[np.float32]
"""(56, 56) in [0, 1]."""


def measure_depth(acquired: Plane) -> Plane:
    """Distance of each pixel to the nearest that was not acquired, or to the edge of the image; 1 = 28 px or more.

    Parameters
    ----------
    acquired
        (56, 56), the share of each pixel that was acquired.
    """
    distance = distance_transform_edt(np.pad(acquired > 0.5, 1))[1:-1, 1:-1]
    return np.minimum(distance / _DEEP_PX, 1).astype(np.float32)


FULL = measure_depth(np.ones((INPUT_SIDE_PX, INPUT_SIDE_PX), dtype=np.float32))
"""(56, 56), the depth of an image with every pixel acquired."""
