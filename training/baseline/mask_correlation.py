"""From a predicted mask to labels: correlation of the off-sample area with thresholded ion images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.preprocessing import NetworkInputs

LEVELS = (0.0, 0.1, 0.25, 0.5)
"""Intensities in [0, 1] above which a pixel of an ion image counts as signal; the best one is chosen."""

UNDEFINED = -1.0
"""Stands for an undefined correlation: the mask or the thresholded image is constant."""

Float64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Thresholds:
    """The thresholds that turn a mask into labels."""

    level: int
    """Position in `LEVELS`."""

    correlation: float
    """An ion image is off when its correlation is at least this."""


def correlate(inputs: NetworkInputs, acquisition_mask: Bools, sample: Bools) -> Float64:
    """Pearson correlation of predicted off-sample area and thresholded ion images, over acquired pixels.

    Parameters
    ----------
    sample
        (P,) over the acquired pixels, True = predicted sample.

    Returns
    -------
    (N, 4), one column per level, in [-1, 1].
    """
    off = (~sample).astype(np.float64)
    off -= off.mean()
    pixels = inputs[..., 0][:, acquisition_mask]
    found = np.empty((len(inputs), len(LEVELS)))
    for column, level in enumerate(LEVELS):
        signal = (pixels > level).astype(np.float64)
        signal -= signal.mean(axis=1, keepdims=True)
        length = np.sqrt(np.square(signal).sum(axis=1) * np.square(off).sum())
        found[:, column] = np.divide(signal @ off, length, out=np.full(len(inputs), UNDEFINED), where=length > 0)
    return np.clip(found, -1, 1)


def choose_thresholds(correlations: Sequence[Float64], off: Sequence[Bools]) -> Thresholds:
    """Level and correlation with the highest F1 of the off class.

    Parameters
    ----------
    correlations
        One (N, 4) array per training dataset.
    off
        One (N,) array per training dataset.
    """
    table, labels = np.concatenate(correlations), np.concatenate(off)
    best, highest = Thresholds(0, 0.0), -1.0
    for level, values in enumerate(table.T):
        defined = values[values > UNDEFINED]
        if not len(defined):
            continue
        cuts = np.quantile(defined, np.linspace(0, 1, 101))
        f1 = _measure_f1(labels, values >= cuts[:, np.newaxis])
        if f1.max() > highest:
            best, highest = Thresholds(level, float(cuts[f1.argmax()])), f1.max()
    return best


def _measure_f1(off: Bools, predicted_off: Bools) -> Float64:
    """(K,) for predictions of shape (K, N); 0 where no image is off or predicted off."""
    total = off.sum() + predicted_off.sum(axis=1)
    found: Float64 = 2 * (off & predicted_off).sum(axis=1) / np.maximum(total, 1)
    return found
