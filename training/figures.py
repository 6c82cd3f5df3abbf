"""Figures: how well a predictor does on one real set."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from training.real_sets import RealSet


@dataclass(frozen=True)
class Figures:
    """One predictor on one real set."""

    data_set: str
    role: str
    datasets: int | None
    predictor: str
    right: int
    images: int
    wilson_95: tuple[float, float]
    auc: float | None
    """Area under the ROC curve of the score for off; None when only one class is there."""

    @property
    def accuracy(self) -> float:
        """Share that is right."""
        return self.right / self.images

    @property
    def warning(self) -> str | None:
        """What the interval does not say: images of one dataset are no independent draws."""
        if self.datasets is None:
            return f"{self.data_set}: the number of datasets is unknown; the interval treats images as independent"
        if self.datasets == 1:
            return f"{self.data_set} is one dataset: its interval says nothing about other datasets"
        return None


def judge(real_set: RealSet, predictor: str, scores: npt.ArrayLike, called_off: npt.ArrayLike) -> Figures:
    """Compare what a predictor says with the labels.

    Parameters
    ----------
    scores
        (N,) real numbers, higher = more off-sample.
    called_off
        (N,) bool.
    """
    off = real_set.off
    right = int(np.count_nonzero(np.asarray(called_off) == off))
    both = bool(off.any()) and not bool(off.all())
    auc = float(roc_auc_score(off, np.asarray(scores))) if both else None
    return Figures(
        real_set.name, real_set.role, real_set.datasets, predictor, right, len(off), wilson_95(right, len(off)), auc
    )


def wilson_95(right: int, images: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927, J. Am. Stat. Assoc. 22:209)."""
    interval = binomtest(right, images).proportion_ci(0.95, method="wilson")
    return round(float(interval.low), 4), round(float(interval.high), 4)
