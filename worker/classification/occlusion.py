"""Why an ion image has its label: what the off-sample probability becomes without each part of the image.

Occlusion (Zeiler & Fergus 2014, ECCV, section 2.2): what was acquired in a window of the network input is replaced by
the mean of the image, and the change of the log odds is attributed to it. It needs nothing but predictions, so it
explains any release on any engine, averaged over members as the probability itself.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from model_store.predictors.predictor import Prediction
from shared.preprocessing import INPUT_SIDE_PX, NetworkInputs

WINDOW_PX: Final = 12
STRIDE_PX: Final = 4
"""Of the window, in pixels of the network input; divides its side and the window, so a map is constant within it."""

_STARTS: Final = range(0, INPUT_SIDE_PX - WINDOW_PX + 1, STRIDE_PX)
_SURE = 1e-6
"""Probabilities are kept this far from 0 and 1, where log odds are infinite."""

Predict = Callable[[NetworkInputs], Prediction]

OcclusionMap = npt.NDArray[np.float32]
"""(14, 14), one value for each square of 4 x 4 px of the network input: how much it raises the log odds of off-sample;
negative where it speaks for on-sample."""


def find_occlusion(network_input: NetworkInputs, predict: Predict) -> OcclusionMap:
    """The occlusion map of one network input, (56, 56, C).

    Parameters
    ----------
    predict
        Predicts for (N, 56, 56, C).
    """
    image = network_input[..., 0]
    acquired = network_input[..., 1] if network_input.shape[-1] > 1 else np.ones_like(image)
    filled = acquired * image.sum() / max(float(acquired.sum()), 1.0)
    corners = [(row, column) for row in _STARTS for column in _STARTS]
    variants = np.repeat(network_input[np.newaxis], len(corners) + 1, axis=0)
    for variant, (row, column) in zip(variants, corners, strict=False):
        window = np.s_[row : row + WINDOW_PX, column : column + WINDOW_PX]
        variant[*window, 0] = filled[window]
    odds = logit(np.clip(predict(variants).off_sample_probability.astype(np.float64), _SURE, 1 - _SURE))
    total, covered = np.zeros((2, INPUT_SIDE_PX, INPUT_SIDE_PX))
    for change, (row, column) in zip(odds[-1] - odds[:-1], corners, strict=True):
        window = np.s_[row : row + WINDOW_PX, column : column + WINDOW_PX]
        total[window] += change
        covered[window] += 1
    return (total / covered)[::STRIDE_PX, ::STRIDE_PX].astype(np.float32)
