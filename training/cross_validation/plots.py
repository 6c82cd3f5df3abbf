"""Figures of a cross-validation: ROC curves, metrics of the folds, reliability, datasets."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from training.cross_validation.evaluation import AVERAGE, Evaluation, PartRow
from training.cross_validation.folded_set import FoldedSet
from training.metrics.border_centre import RULE_NAME
from training.metrics.calibration import ReliabilityBin
from training.metrics.scores import METRIC_NAMES

_NETWORKS, _RULE, _FAINT = "#1F5A93", "#D98B2B", "#B9C4CF"
_MOST_DATASETS = 60
"""Most datasets in the plot, so that it fits a page; the worst are drawn."""


def draw_roc(folded: FoldedSet, evaluation: Evaluation) -> Figure:
    """ROC curves of every fold, of all held-out images and of the rule (the report's figure 2)."""
    figure = Figure(figsize=(5.2, 4.8), layout="constrained")
    axes = figure.subplots()
    off = folded.labelled_set.off
    for fold in range(folded.folds):
        inside = folded.fold_of == fold
        if 0 < off[inside].sum() < inside.sum():
            label = "single folds" if fold == 0 else None
            _plot_roc(axes, off[inside], evaluation.average[inside], color=_FAINT, linewidth=0.9, label=label)
    if 0 < off.sum() < len(off):
        pooled = {row.predictor: row.metrics.auc for row in evaluation.pooled}
        label = f"networks, AUC {pooled[AVERAGE]:.3f}"
        _plot_roc(axes, off, evaluation.average, color=_NETWORKS, linewidth=2.2, label=label)
        label = f"{RULE_NAME}, AUC {pooled[RULE_NAME]:.3f}"
        _plot_roc(axes, off, evaluation.ratios, color=_RULE, linewidth=1.8, linestyle="--", label=label)
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=0.8, zorder=0)
    axes.set(xlabel="share of on-sample images predicted off", ylabel="recall of off-sample images", aspect="equal")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.legend(loc="lower right", frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _plot_roc(axes: Axes, off: np.ndarray, scores: np.ndarray, **style: object) -> None:
    false_positive_rate, true_positive_rate, _ = roc_curve(off, scores)
    axes.plot(false_positive_rate, true_positive_rate, **style)  # type: ignore[arg-type]


def draw_fold_metrics(evaluation: Evaluation) -> Figure:
    """Every metric of every fold: repeats, their average, and the rule (the report's figure 26)."""
    figure = Figure(figsize=(9.5, 3.4), layout="constrained")
    panels = figure.subplots(1, len(METRIC_NAMES), sharey=True)
    styles = {AVERAGE: (_NETWORKS, 36, "repeats averaged"), RULE_NAME: (_RULE, 20, RULE_NAME)}
    for axes, name in zip(panels, METRIC_NAMES, strict=True):
        for row in evaluation.fold_rows:
            value = row.metrics.value(name)
            colour, size, _ = styles.get(row.repeat, (_FAINT, 12, ""))
            if value is not None:
                axes.scatter(row.fold, value, color=colour, s=size, zorder=3 if row.repeat in styles else 2)
        mean = evaluation.fold_means[AVERAGE][name].mean
        if mean is not None:
            axes.axhline(mean, color=_NETWORKS, linewidth=0.8, linestyle=":")
        axes.set_title({"auc": "AUC", "f1": "F1"}.get(name, name), fontsize=10)
        axes.set_xlim(0.4, evaluation.fold_rows[-1].fold + 0.6)
        axes.set_xlabel("fold", fontsize=8)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.spines[["top", "right"]].set_visible(False)
    for colour, size, label in ((_FAINT, 12, "one repeat"), *styles.values()):
        panels[0].scatter([], [], color=colour, s=size, label=label)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure


def draw_reliability(evaluation: Evaluation) -> Figure:
    """Reliability diagram, with intervals over groups, before and after temperature scaling."""
    figure = Figure(figsize=(8.6, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    calibration = evaluation.calibration
    _draw_bins(left, calibration.bins, f"unscaled (Brier {calibration.brier:.3f})")
    title = f"scaled by the other folds (Brier {calibration.brier_scaled:.3f})"
    _draw_bins(right, calibration.bins_scaled, title)
    left.set_ylabel("share that is off-sample")
    return figure


def _draw_bins(axes: Axes, bins: Sequence[ReliabilityBin], title: str) -> None:
    probability = [one.mean_probability for one in bins]
    share = np.array([one.off / one.images for one in bins])
    low, high = np.array([one.off_95 or (one.off / one.images,) * 2 for one in bins]).T
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=0.8, zorder=0)
    errors = [np.maximum(share - low, 0), np.maximum(high - share, 0)]
    axes.errorbar(probability, share, yerr=errors, fmt="o", color=_NETWORKS, ecolor=_FAINT, markersize=5)
    for x, y, one in zip(probability, share, bins, strict=True):
        axes.annotate(f"{one.images:,}", (x, y), xytext=(5, -9), textcoords="offset points", fontsize=6, color="0.4")
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal", xlabel="off-sample probability")
    axes.set_title(title, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)


def draw_datasets(evaluation: Evaluation) -> Figure:
    """Accuracy of networks and rule per dataset; bars are Wilson's, as if images were independent."""
    shown = evaluation.by_dataset[:_MOST_DATASETS][::-1]
    figure = Figure(figsize=(8.6, 1.4 + 0.2 * max(4, len(shown))), layout="constrained")
    axes = figure.subplots()
    positions = np.arange(len(shown))
    accuracy = np.array([row.average.accuracy for row in shown])
    low, high = np.array([row.accuracy_95 or (row.average.accuracy,) * 2 for row in shown]).T
    errors = [np.maximum(accuracy - low, 0), np.maximum(high - accuracy, 0)]
    rule = [row.rule.accuracy for row in shown]
    axes.scatter(rule, positions, color=_RULE, s=22, marker="|", linewidths=2, label=RULE_NAME, zorder=3)
    axes.errorbar(
        accuracy, positions, xerr=errors, fmt="o", color=_NETWORKS, ecolor=_FAINT, markersize=4, label="networks"
    )
    axes.set_yticks(positions, [_name(row) for row in shown], fontsize=7)
    for label, row in zip(axes.get_yticklabels(), shown, strict=True):
        label.set_fontweight("bold" if row in evaluation.worst_tenth else "normal")
    axes.set(xlim=(min(0.5, *rule, *low) - 0.02, 1.02), ylim=(-0.7, len(shown) - 0.3), xlabel="accuracy")
    axes.grid(axis="x", color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return figure


def _name(row: PartRow) -> str:
    part = row.part if len(row.part) <= 42 else row.part[:41] + "…"
    return f"{part}  ({row.average.images})"
