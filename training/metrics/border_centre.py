"""The border/centre rule: the untrained rule that every release has to beat."""

import numpy as np
import numpy.typing as npt

from shared.preprocessing import INPUT_SIDE_PX, NetworkInputs

RULE_NAME = "border/centre rule"
BORDER_FROM_RADIUS = 0.8
CENTRE_UP_TO_RADIUS = 0.5
OFF_ABOVE_RATIO = 1.0

_LEAST_MEAN = 1e-9
"""Keeps the ratio finite when the centre is empty; intensities are in [0, 1]."""

Ratios = npt.NDArray[np.float64]


def score_border_centre(inputs: NetworkInputs) -> Ratios:
    """Mean of the border ring over mean of the centre, per image of (N, 56, 56, C); above 1 = off-sample.

    The radius of a pixel is the larger of its horizontal and vertical distance from the middle of the image, in units
    of half a side; pixel centres lie at (i + 0.5) / 28 - 1. So the border (radius > 0.8) is a square ring of 6 px,
    and the centre (radius < 0.5) a square of 28 px. An empty image has the ratio 1, which is on.
    """
    axis = (np.arange(INPUT_SIDE_PX) + 0.5) / (INPUT_SIDE_PX / 2) - 1
    radius = np.maximum(np.abs(axis[:, np.newaxis]), np.abs(axis[np.newaxis, :]))
    ions = inputs[..., 0]
    border = ions[:, radius > BORDER_FROM_RADIUS].mean(axis=1, dtype=np.float64)
    centre = ions[:, radius < CENTRE_UP_TO_RADIUS].mean(axis=1, dtype=np.float64)
    return np.asarray((border + _LEAST_MEAN) / (centre + _LEAST_MEAN))
