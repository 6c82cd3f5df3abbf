"""Comparison of any number of methods on the same images and folds."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from scipy.stats import t as student_t
from sklearn.metrics import roc_curve

from shared.errors import InvalidInputError
from training.labelled.folds import FoldOf
from training.metrics.border_centre import OFF_ABOVE_RATIO, RULE_NAME, Ratios
from training.metrics.resampling import Interval, Resampling
from training.metrics.scores import (
    METRIC_NAMES,
    MeanStd,
    MetricName,
    Metrics,
    Off,
    Scores,
    best_precision,
    mean_std_of,
    measure,
    measure_intervals,
)
from training.reports.text_tables import TextTable

_NOTHING = "-"
_ORDER: tuple[MetricName, ...] = ("f1", "precision", "recall", "accuracy", "auc")
_POOLED: tuple[MetricName, ...] = ("f1", "precision", "recall")
_HEADINGS = ("method", "F1", "precision", "recall", "accuracy", "AUC")


@dataclass(frozen=True, eq=False)
class Method:
    """Predictions of one method for N held-out images, each made without its fold."""

    name: str
    scores: Scores
    """(N,), higher = more off-sample."""

    predicted_off: Off
    """(N,)."""


@dataclass(frozen=True)
class MethodRow:
    """Scores of one method."""

    name: str
    folds: tuple[Metrics, ...]
    fold_means: dict[MetricName, MeanStd]
    pooled: Metrics
    intervals_95: dict[MetricName, Interval]
    """Intervals of the pooled metrics, over groups; empty with one group."""

    best_precision: float | None
    """The highest precision at a recall of at least 0.8, on all images."""


def rule_method(ratios: Ratios) -> Method:
    """The untrained border/centre rule as a method."""
    return Method(RULE_NAME, ratios, ratios > OFF_ABOVE_RATIO)


def compare_methods(
    off: Off, fold_of: FoldOf, group_keys: Sequence[tuple[str, ...]], methods: Sequence[Method]
) -> list[MethodRow]:
    """Evaluate every method on every fold and on all images.

    Parameters
    ----------
    group_keys
        N keys of groups, which intervals of pooled metrics are over.

    Raises
    ------
    InvalidInputError
        When a method has more or fewer predictions than there are images.
    """
    resampling = Resampling(group_keys)
    return [_evaluate(off, fold_of, resampling, method) for method in methods]


def student_interval(over_folds: MeanStd) -> tuple[float, float] | None:
    """Student's 95 % interval of the mean over folds, clipped to [0, 1]; None with fewer than two folds."""
    if over_folds.mean is None or over_folds.std is None:
        return None
    half = float(student_t.ppf(0.975, over_folds.folds - 1)) * over_folds.std / sqrt(over_folds.folds)
    return max(0.0, over_folds.mean - half), min(1.0, over_folds.mean + half)


def make_comparison_table(rows: Sequence[MethodRow]) -> TextTable:
    """Means over folds, with off-sample as the positive class."""
    cells = tuple((row.name, *(_describe_mean(row.fold_means[name]) for name in _ORDER)) for row in rows)
    return TextTable("Mean over folds (Student's 95 % in brackets), off-sample positive", _HEADINGS, cells)


def make_pooled_comparison_table(rows: Sequence[MethodRow]) -> TextTable:
    """Metrics of all held-out images."""
    headings = ("method", "correct", "F1", "precision", "recall", "AUC", "precision at recall ≥ .8")
    cells = tuple(
        (
            row.name,
            f"{row.pooled.correct:,} of {row.pooled.images:,}",
            *(_with_interval(row, name) for name in _POOLED),
            _number(row.pooled.auc),
            _number(row.best_precision),
        )
        for row in rows
    )
    return TextTable("All held-out images (95 % over groups in brackets)", headings, cells)


def make_aspect_table(aspect: str, names: Sequence[str], off: Off, methods: Sequence[Method]) -> TextTable:
    """Accuracy of every method by aspect: one row per name, one column per method.

    Parameters
    ----------
    names
        N names of the aspect, such as patterns or scenes.
    """
    every = np.asarray(names)
    rows = []
    for name in sorted(set(names)):
        inside = every == name
        shares = (f"{np.mean(method.predicted_off[inside] == off[inside]):.3f}" for method in methods)
        rows.append((name.replace("_", " "), f"{int(inside.sum()):,}", f"{int(off[inside].sum()):,}", *shares))
    headings = (aspect, "images", "off", *(method.name for method in methods))
    return TextTable(f"Accuracy by {aspect}", headings, tuple(rows))


def comparison_as_json(rows: Sequence[MethodRow]) -> list[dict[str, Any]]:
    """One object per method."""
    return [
        {
            "method": row.name,
            "mean_over_folds": {
                name: asdict(row.fold_means[name]) | {"interval_95": student_interval(row.fold_means[name])}
                for name in _ORDER
            },
            "pooled": _metrics_as_json(row.pooled)
            | {"best_precision_at_recall_0.8": row.best_precision, "intervals_95": row.intervals_95},
            "folds": [_metrics_as_json(one) for one in row.folds],
        }
        for row in rows
    ]


def draw_comparison(off: Off, methods: Sequence[Method]) -> Figure:
    """ROC curves of all methods, on all held-out images (the report's figure 2)."""
    figure = Figure(figsize=(5.6, 5.0), layout="constrained")
    axes = figure.subplots()
    if 0 < off.sum() < len(off):
        for method in methods:
            false_positive_rate, true_positive_rate, _ = roc_curve(off, method.scores)
            auc = measure(off, method.scores, method.predicted_off).auc
            line = ("0.35", "--") if method.name == RULE_NAME else (None, "-")
            axes.plot(
                false_positive_rate,
                true_positive_rate,
                color=line[0],
                linestyle=line[1],
                label=f"{method.name}, AUC {auc:.3f}",
            )
        axes.legend(loc="lower right", frameon=False, fontsize=8)
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=0.8, zorder=0)
    axes.set(xlabel="share of on-sample images predicted off", ylabel="recall of off-sample images", aspect="equal")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _evaluate(off: Off, fold_of: FoldOf, resampling: Resampling, method: Method) -> MethodRow:
    if not len(off) == len(fold_of) == len(method.scores) == len(method.predicted_off):
        raise InvalidInputError(
            f"expected {len(off)} scores and labels of {method.name}, got {len(method.scores)} scores and"
            f" {len(method.predicted_off)} labels"
        )
    folds = tuple(
        _measure_some(off, method, fold_of == fold) for fold in range(int(fold_of.max()) + 1) if (fold_of == fold).any()
    )
    fold_means = {name: mean_std_of([one.value(name) for one in folds]) for name in METRIC_NAMES}
    pooled = measure(off, method.scores, method.predicted_off)
    intervals = measure_intervals(off, method.predicted_off, resampling)
    return MethodRow(method.name, folds, fold_means, pooled, intervals, best_precision(off, method.scores))


def _measure_some(off: Off, method: Method, inside: npt.NDArray[np.bool_]) -> Metrics:
    return measure(off[inside], method.scores[inside], method.predicted_off[inside])


def _metrics_as_json(metrics: Metrics) -> dict[str, Any]:
    return asdict(metrics) | {name: metrics.value(name) for name in METRIC_NAMES}


def _describe_mean(over_folds: MeanStd) -> str:
    interval = student_interval(over_folds)
    brackets = "" if interval is None else f" ({interval[0]:.3f}-{interval[1]:.3f})"
    return _number(over_folds.mean) + brackets


def _with_interval(row: MethodRow, name: MetricName) -> str:
    value, interval = row.pooled.value(name), row.intervals_95.get(name)
    if value is None or interval is None:
        return _number(value)
    low, high = interval
    return f"{value:.3f} ({low:.3f}-{high:.3f})"


def _number(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.3f}"
