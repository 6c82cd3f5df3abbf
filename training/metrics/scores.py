"""Metrics of one predictor on a set of images; off-sample is the positive class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from sklearn.metrics import precision_recall_curve, roc_auc_score

from training.metrics.resampling import Interval, Resampling, Values, percentile_interval

MetricName = Literal["accuracy", "auc", "f1", "precision", "recall"]
METRIC_NAMES: tuple[MetricName, ...] = ("accuracy", "auc", "f1", "precision", "recall")
"""Order of the 2018 report's figure 24."""

LEAST_RECALL = 0.8
"""The 2018 report asks for the highest precision at a recall not lower than this (section Metrics)."""

Off = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Metrics:
    """Counts and the metrics derived from them; a metric that is not defined is None."""

    images: int
    off: int
    predicted_off: int
    true_positives: int
    """Images that are off and predicted off."""

    correct: int
    auc: float | None
    """None with one class only."""

    @property
    def accuracy(self) -> float:
        """Share of correct predictions."""
        return self.correct / self.images

    @property
    def precision(self) -> float | None:
        """Share of true positives among images predicted off; None when none is predicted off."""
        return self.true_positives / self.predicted_off if self.predicted_off else None

    @property
    def recall(self) -> float | None:
        """Share of off images that are predicted off; None when none is off."""
        return self.true_positives / self.off if self.off else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None when no image is off or predicted off."""
        total = self.off + self.predicted_off
        return 2 * self.true_positives / total if total else None

    def value(self, name: MetricName) -> float | None:
        """The metric of this name."""
        found: float | None = getattr(self, name)
        return found


@dataclass(frozen=True)
class MeanStd:
    """Mean and sample standard deviation (n - 1, as in the report's figure 25) of a metric over folds."""

    mean: float | None
    std: float | None
    folds: int
    """Folds in which the metric is defined."""


def measure(off: Off, scores: npt.ArrayLike, predicted_off: Off) -> Metrics:
    """Compare predictions and their scores (higher = more off) with the labels; all are (N,)."""
    both = bool(off.any()) and not bool(off.all())
    return Metrics(
        images=len(off),
        off=int(off.sum()),
        predicted_off=int(predicted_off.sum()),
        true_positives=int((off & predicted_off).sum()),
        correct=int((off == predicted_off).sum()),
        auc=float(roc_auc_score(off, np.asarray(scores))) if both else None,
    )


def measure_intervals(off: Off, predicted_off: Off, resampling: Resampling) -> dict[MetricName, Interval]:
    """95 % intervals of the metrics of N images, over groups; empty with a single group."""
    if not resampling.several_groups:
        return {}
    true_positives = off & predicted_off
    ratios: dict[MetricName, tuple[Values, Values]] = {
        "accuracy": (off == predicted_off, np.ones(len(off))),
        "f1": (2 * true_positives, off.astype(np.int64) + predicted_off),
        "precision": (true_positives, predicted_off),
        "recall": (true_positives, off),
    }
    return {name: resampling.interval_of_ratio(*ratio) for name, ratio in ratios.items()}


def difference_of_f1(off: Off, predicted_off: Off, other_predicted_off: Off, resampling: Resampling) -> Interval | None:
    """95 % interval of one F1 minus another on the same N images; None with a single group."""
    if not resampling.several_groups:
        return None
    hits, predicted, other_hits, other_predicted, all_off = resampling.sums(
        np.stack([off & predicted_off, predicted_off, off & other_predicted_off, other_predicted_off, off])
    ).T
    own = 2 * hits / np.maximum(predicted + all_off, 1)
    return percentile_interval(own - 2 * other_hits / np.maximum(other_predicted + all_off, 1))


def mean_std_of(values: Sequence[float | None]) -> MeanStd:
    """Mean and standard deviation of the values that are defined."""
    defined = [value for value in values if value is not None]
    return MeanStd(
        mean=float(np.mean(defined)) if defined else None,
        std=float(np.std(defined, ddof=1)) if len(defined) > 1 else None,
        folds=len(defined),
    )


def best_precision(off: Off, scores: npt.ArrayLike, least_recall: float = LEAST_RECALL) -> float | None:
    """The highest precision at a threshold with at least this recall; None with one class only.

    The threshold is chosen on the same images, so the precision is optimistic.
    """
    if not off.any() or off.all():
        return None
    precision, recall, _ = precision_recall_curve(off, np.asarray(scores))
    return float(precision[recall >= least_recall].max())
