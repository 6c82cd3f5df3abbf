"""Features of a blend: numbers that compare an ion image with its dataset's context.

All of them are 0 where they are not defined: without context, without off-sample area, or where nothing varies.
"""

import numpy as np
import numpy.typing as npt

from shared.preprocessing import INPUT_SIDE_PX, NETWORK_CHANNELS, NetworkInputs

LEVELS = (0.1, 0.25, 0.5)
"""Intensities in [0, 1] above which a pixel of an ion image counts as signal."""

FEATURES = (
    "correlation",
    "cosine",
    *(f"dice_{level:g}" for level in LEVELS),
    *(f"jaccard_{level:g}" for level in LEVELS),
    "off_on_ratio",
    "colocalisation",
    "colocalisation_off",
    "off_sample_area",
)
"""In the order of the columns of `measure_features`."""

_PIXELS = INPUT_SIDE_PX**2
_MIN_MEAN = 0.01
_HIGHEST_LOG_RATIO = 4.0
"""Keep the logarithm of the ratio finite; intensities are in [0, 1]."""

Features = npt.NDArray[np.float64]
"""(N, F)."""

_Planes = npt.NDArray[np.float64]


def has_context(inputs: NetworkInputs) -> npt.NDArray[np.bool_]:
    """Whether each of (N, 56, 56, 4) inputs has a context, (N,)."""
    return np.asarray(inputs[..., NETWORK_CHANNELS.index("mean_ion_image")].any(axis=(1, 2)))


def measure_features(inputs: NetworkInputs) -> Features:
    """Compare the ion images of (N, 56, 56, 4) with the off-sample area of their context, over acquired pixels.

    `correlation` is Pearson's with the off-sample area; `cosine` that with it less that with the sample; `dice` and
    `jaccard` the overlap of pixels above a level with it; `off_on_ratio` the logarithm of the mean outside over the
    mean inside; `colocalisation` Pearson's with the mean ion image, that is with the dataset's other ions, and
    `colocalisation_off` the same times that of the mean ion image with the off-sample area.
    """
    ion, mean = (inputs[..., channel].reshape(len(inputs), _PIXELS).astype(np.float64) for channel in (0, 2))
    acquired, sample = (inputs[..., channel].reshape(len(inputs), _PIXELS) > 0.5 for channel in (1, 3))
    known = has_context(inputs)
    off, on = acquired & ~sample, acquired & sample
    area = known & off.any(axis=1) & on.any(axis=1)
    with_area = _correlate(ion, off.astype(np.float64), acquired)
    with_others = _correlate(ion, mean, acquired)
    ratio = (_mean(ion, off) + _MIN_MEAN) / (_mean(ion, on) + _MIN_MEAN)
    dice = [_dice((ion > level) & acquired, off) for level in LEVELS]
    columns = [
        with_area,
        _cosine(ion * acquired, off) - _cosine(ion * acquired, on),
        *dice,
        *(one / (2 - one) for one in dice),
        np.clip(np.log(ratio), -_HIGHEST_LOG_RATIO, _HIGHEST_LOG_RATIO),
    ]
    found = np.zeros((len(inputs), len(FEATURES)))
    found[area, : len(columns)] = np.stack(columns, axis=1)[area]
    found[known, len(columns)] = with_others[known]
    found[area, len(columns) + 1] = (with_others * _correlate(mean, off.astype(np.float64), acquired))[area]
    found[:, len(columns) + 2] = area
    return found


def _mean(values: _Planes, where: npt.NDArray[np.bool_]) -> _Planes:
    return np.asarray((values * where).sum(axis=1) / np.maximum(where.sum(axis=1), 1))


def _correlate(first: _Planes, second: _Planes, where: npt.NDArray[np.bool_]) -> _Planes:
    """Pearson's correlation, row by row, over the pixels of `where`; 0 where there is none."""
    left = (first - _mean(first, where)[:, np.newaxis]) * where
    right = (second - _mean(second, where)[:, np.newaxis]) * where
    return _divide((left * right).sum(axis=1), np.sqrt(np.square(left).sum(axis=1) * np.square(right).sum(axis=1)))


def _cosine(values: _Planes, where: npt.NDArray[np.bool_]) -> _Planes:
    return _divide((values * where).sum(axis=1), np.sqrt(np.square(values).sum(axis=1) * where.sum(axis=1)))


def _dice(signal: npt.NDArray[np.bool_], area: npt.NDArray[np.bool_]) -> _Planes:
    return _divide(2.0 * (signal & area).sum(axis=1), (signal.sum(axis=1) + area.sum(axis=1)).astype(np.float64))


def _divide(numerator: _Planes, denominator: _Planes) -> _Planes:
    return np.divide(numerator, denominator, out=np.zeros(len(numerator)), where=denominator > 1e-12)
