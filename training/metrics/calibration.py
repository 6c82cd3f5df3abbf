"""Calibration: whether predicted probabilities match frequencies, and the temperature that corrects them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from training.labelled.folds import FoldOf
from training.metrics.resampling import Interval, Resampling
from training.metrics.scores import Off, Scores

FEWEST_FOR_ECE = 2_000
"""With fewer images the expected calibration error is mostly noise of the bins, and is not computed."""

_BINS = 10
_CLOSEST = 1e-6
"""Probabilities are clipped to this distance from 0 and 1, where the logit is infinite."""

_LOG_TEMPERATURES = (-3.0, 3.0)


@dataclass(frozen=True)
class ReliabilityBin:
    """Images whose probability lies in one tenth of [0, 1]."""

    images: int
    off: int
    mean_probability: float
    off_95: Interval | None
    """Interval of the share that is off, over groups; None with one group."""


@dataclass(frozen=True)
class Calibration:
    """Probabilities of held-out images as they are, and after temperature scaling."""

    scope: str
    """What the temperature was fitted on and is valid for."""

    temperature: float
    """Fitted on all held-out images; logit P is divided by it."""

    brier: float
    brier_scaled: float
    """With each fold scaled by the temperature of the other folds."""

    ece: float | None
    """Expected calibration error in ten bins; None below 2,000 images."""

    ece_scaled: float | None
    bins: tuple[ReliabilityBin, ...]
    bins_scaled: tuple[ReliabilityBin, ...]


def calibrate(
    off: Off, probability: Scores, fold_of: FoldOf, group_keys: Sequence[tuple[str, ...]], scope: str
) -> Calibration:
    """Evaluate (N,) held-out probabilities, as they are and with temperature scaling (Guo et al. 2017, ICML)."""
    scaled = scale_across_folds(off, probability, fold_of)
    return Calibration(
        scope=scope,
        temperature=fit_temperature(off, probability),
        brier=float(np.mean((probability - off) ** 2)),
        brier_scaled=float(np.mean((scaled - off) ** 2)),
        ece=expected_calibration_error(off, probability),
        ece_scaled=expected_calibration_error(off, scaled),
        bins=make_bins(off, probability, group_keys),
        bins_scaled=make_bins(off, scaled, group_keys),
    )


def scale_across_folds(off: Off, probability: Scores, fold_of: FoldOf) -> Scores:
    """Scale each fold by the temperature of the other folds, so that no label affects its own probability."""
    scaled = np.empty_like(probability)
    for fold in np.unique(fold_of):
        held_out = fold_of == fold
        scaled[held_out] = scale(probability[held_out], fit_temperature(off[~held_out], probability[~held_out]))
    return scaled


def fit_temperature(off: Off, probability: Scores) -> float:
    """The temperature that maximises the likelihood of the labels."""
    logits = logit(np.clip(probability, _CLOSEST, 1 - _CLOSEST))
    signs = np.where(off, 1.0, -1.0)

    def negative_log_likelihood(log_temperature: float) -> float:
        return float(np.logaddexp(0, -signs * logits / np.exp(log_temperature)).mean())

    found = minimize_scalar(negative_log_likelihood, bounds=_LOG_TEMPERATURES, method="bounded")
    return float(np.exp(found.x))


def scale(probability: Scores, temperature: float) -> Scores:
    """Divide the logit by the temperature; above 1 moves probabilities towards 0.5, never across it."""
    return np.asarray(expit(logit(np.clip(probability, _CLOSEST, 1 - _CLOSEST)) / temperature))


def make_bins(off: Off, probability: Scores, group_keys: Sequence[tuple[str, ...]]) -> tuple[ReliabilityBin, ...]:
    """Non-empty bins, in ascending order."""
    tenth = _tenth_of(probability)
    bins = []
    for number in np.unique(tenth):
        inside = tenth == number
        resampling = Resampling([group_keys[row] for row in np.flatnonzero(inside).tolist()])
        interval = resampling.interval_of_mean(off[inside]) if resampling.several_groups else None
        mean = float(probability[inside].mean())
        bins.append(ReliabilityBin(int(inside.sum()), int(off[inside].sum()), mean, interval))
    return tuple(bins)


def _tenth_of(probability: Scores) -> npt.NDArray[np.intp]:
    """Bin of each image, (N,), 0 to 9."""
    return np.minimum((probability * _BINS).astype(np.intp), _BINS - 1)


def expected_calibration_error(off: Off, probability: Scores) -> float | None:
    """Mean distance of probability and frequency over the bins, weighted by images; None with few images."""
    if len(off) < FEWEST_FOR_ECE:
        return None
    distances = np.bincount(_tenth_of(probability), probability - off, minlength=_BINS)
    return float(np.abs(distances).sum() / len(off))
