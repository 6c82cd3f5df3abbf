"""Scores of a predictor on one real set."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest
from scipy.stats import t as student_t
from sklearn.metrics import roc_auc_score

from training.metrics.resampling import Interval
from training.real_sets import RealSet


@dataclass(frozen=True)
class AcquisitionCounts:
    """Correct predictions of a predictor on the images of one acquisition."""

    name: str
    correct: int
    images: int


@dataclass(frozen=True)
class RealSetScores:
    """One predictor on one real set; nothing is rounded."""

    data_set: str
    role: str
    acquisitions: tuple[AcquisitionCounts, ...]
    """Sorted by name; empty when the acquisitions of images are not known."""

    predictor: str
    correct: int
    images: int
    wilson_95: Interval
    """Interval of the accuracy, as if images were independent, which images of one acquisition are not."""

    acquisitions_95: Interval | None
    """Interval of the accuracy over acquisitions; None with fewer than two, or with equal accuracies."""

    auc: float | None
    """Area under the ROC curve of the score for off; None with one class only."""

    @property
    def accuracy(self) -> float:
        """Share of correct predictions."""
        return self.correct / self.images

    @property
    def warning(self) -> str | None:
        """What the intervals do not account for."""
        if not self.acquisitions:
            return f"{self.data_set}: the acquisitions are unknown; Wilson's interval treats images as independent"
        if len(self.acquisitions) == 1:
            return f"{self.data_set} is one acquisition: its interval does not apply to other acquisitions"
        return None


def evaluate_predictions(
    real_set: RealSet, predictor: str, scores: npt.ArrayLike, predicted_off: npt.ArrayLike
) -> RealSetScores:
    """Compare predictions with the labels.

    Parameters
    ----------
    scores
        (N,) real numbers, higher = more off-sample.
    predicted_off
        (N,) bool.
    """
    off = real_set.off
    correct = np.asarray(predicted_off) == off
    both = bool(off.any()) and not bool(off.all())
    acquisitions = _count_by_acquisition(real_set, correct)
    return RealSetScores(
        data_set=real_set.name,
        role=real_set.role,
        acquisitions=acquisitions,
        predictor=predictor,
        correct=int(correct.sum()),
        images=len(off),
        wilson_95=wilson_95(int(correct.sum()), len(off)),
        acquisitions_95=interval_over_acquisitions(acquisitions),
        auc=float(roc_auc_score(off, np.asarray(scores))) if both else None,
    )


def wilson_95(correct: int, images: int) -> Interval:
    """Wilson's 95 % interval of a share (Wilson 1927, J. Am. Stat. Assoc. 22:209)."""
    interval = binomtest(correct, images).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def interval_over_acquisitions(acquisitions: Sequence[AcquisitionCounts]) -> Interval | None:
    """95 % interval of the accuracy over acquisitions as independent draws; clipped to [0, 1].

    Student's interval of a ratio of sums (Cochran 1977, Sampling Techniques, 6.4). Real sets have two to four
    acquisitions: a bootstrap over so few gives little more than the lowest and highest accuracy.

    Returns
    -------
    None with fewer than two acquisitions, or with equal accuracies: the variation is then unknown.
    """
    draws = len(acquisitions)
    if draws < 2:
        return None
    correct = np.asarray([one.correct for one in acquisitions], dtype=np.float64)
    images = np.asarray([one.images for one in acquisitions], dtype=np.float64)
    share = float(correct.sum() / images.sum())
    excess = correct - share * images
    deviation = sqrt(draws / (draws - 1) * float(excess @ excess)) / float(images.sum())
    if deviation == 0:
        return None
    half = float(student_t.ppf(0.975, draws - 1)) * deviation
    return max(0.0, share - half), min(1.0, share + half)


def _count_by_acquisition(real_set: RealSet, correct: npt.NDArray[np.bool_]) -> tuple[AcquisitionCounts, ...]:
    if "" in real_set.dataset_of:
        return ()
    every = np.asarray(real_set.dataset_of)
    names = sorted(set(real_set.dataset_of))
    return tuple(
        AcquisitionCounts(name, int(correct[every == name].sum()), int((every == name).sum())) for name in names
    )
