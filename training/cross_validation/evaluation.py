"""The evaluation of a cross-validation: the data of every table of the report."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from training.cross_validation.folded_set import FoldedSet
from training.metrics.border_centre import OFF_ABOVE_RATIO, RULE_NAME, score_border_centre
from training.metrics.calibration import Calibration, calibrate
from training.metrics.real_set_scores import wilson_95
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

THRESHOLD = 0.5
AVERAGE = "avg"

_FEW_DATASETS = 10
_SCOPES = {
    "labels": "calibrated on these labels",
    "synthetic": "calibrated on synthetic data; on real data unknown",
}


@dataclass(frozen=True)
class FoldRow:
    """One row of the report's figure 24."""

    fold: int
    """From 1."""

    repeat: str
    """The number of the repeat (`attempt` in reports), `avg`, or the name of the rule."""

    metrics: Metrics


@dataclass(frozen=True)
class PooledRow:
    """Metrics of one predictor on all held-out images."""

    predictor: str
    metrics: Metrics
    best_precision: float | None
    """The highest precision at a recall of at least 0.8."""

    intervals_95: dict[MetricName, Interval]
    """Over groups; empty with one group."""


@dataclass(frozen=True)
class PartRow:
    """The images of one dataset, or of one pattern, scene or signal level."""

    part: str
    average: Metrics
    rule: Metrics
    accuracy_95: Interval | None
    """Wilson's for a dataset, as if its images were independent; over groups for an aspect, None with one group."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Results of a cross-validation."""

    fold_rows: tuple[FoldRow, ...]
    fold_means: dict[str, dict[MetricName, MeanStd]]
    """The report's figure 25: mean and standard deviation over folds, of `avg` and of the rule."""

    pooled: tuple[PooledRow, ...]
    repeat_f1: MeanStd | None
    """F1 of all held-out images over repeats: how much networks fitted on the same data vary."""

    by_dataset: tuple[PartRow, ...]
    """Worst first."""

    by_aspect: dict[str, tuple[PartRow, ...]]
    """The values of every known aspect, worst first."""

    calibration: Calibration
    warnings: tuple[str, ...]
    average: Scores
    """(N,) off-sample probability averaged over repeats."""

    ratios: Scores
    """(N,) of the border/centre rule."""

    @property
    def worst_tenth(self) -> tuple[PartRow, ...]:
        """The worst tenth of the datasets, at least one."""
        return self.by_dataset[: ceil(len(self.by_dataset) / 10)]


def evaluate_folds(folded: FoldedSet, probabilities: npt.NDArray[np.float64]) -> Evaluation:
    """Evaluate (repeats, N) held-out probabilities."""
    labelled_set = folded.labelled_set
    average, ratios = probabilities.mean(axis=0), score_border_centre(labelled_set.inputs)
    scores = {str(number): row for number, row in enumerate(probabilities, start=1)} | {AVERAGE: average}
    rows = _evaluate_each_fold(folded, scores, ratios)
    resampling = Resampling(folded.group_keys)
    pooled = [
        _evaluate_pooled(labelled_set.off, name, row, row >= THRESHOLD, resampling) for name, row in scores.items()
    ]
    f1 = [row.metrics.f1 for row in pooled if row.predictor != AVERAGE]
    rule = _evaluate_pooled(labelled_set.off, RULE_NAME, ratios, ratios > OFF_ABOVE_RATIO, resampling)
    return Evaluation(
        fold_rows=tuple(rows),
        fold_means={name: _mean_over_folds(rows, name) for name in (AVERAGE, RULE_NAME)},
        pooled=(*pooled, rule),
        repeat_f1=mean_std_of(f1) if len(f1) > 1 else None,
        by_dataset=tuple(sorted(_evaluate_datasets(folded, average, ratios), key=_accuracy)),
        by_aspect={
            aspect: tuple(sorted(_evaluate_aspect(folded, names, average, ratios), key=_accuracy))
            for aspect, names in labelled_set.aspects.items()
        },
        calibration=calibrate(
            labelled_set.off, average, folded.fold_of, folded.group_keys, _SCOPES[labelled_set.origin]
        ),
        warnings=tuple(_warn(folded)),
        average=average,
        ratios=ratios,
    )


def describe_verdict(evaluation: Evaluation) -> str:
    """The report's first line: whether the networks beat the untrained rule."""
    own, rule = evaluation.fold_means[AVERAGE]["auc"].mean, evaluation.fold_means[RULE_NAME]["auc"].mean
    if own is None or rule is None:
        return f"Every fold holds out one class only: networks and {RULE_NAME} cannot be compared."
    pooled = {row.predictor: row.metrics.auc for row in evaluation.pooled}
    verb = "beat" if own > rule else "do not beat"
    together = f"{pooled[AVERAGE] or 0:.3f} against {pooled[RULE_NAME] or 0:.3f}"
    return (
        f"By AUC, averaged over folds, the networks {verb} the untrained {RULE_NAME}: {own:.3f} against {rule:.3f}"
        f" (all held-out images pooled: {together})."
    )


def _evaluate_each_fold(folded: FoldedSet, scores: dict[str, Scores], ratios: Scores) -> list[FoldRow]:
    rows = []
    for fold in range(folded.folds):
        inside = folded.fold_of == fold
        rows += [FoldRow(fold + 1, name, _measure_networks(folded, score, inside)) for name, score in scores.items()]
        rows.append(FoldRow(fold + 1, RULE_NAME, _measure_rule(folded, ratios, inside)))
    return rows


def _evaluate_pooled(off: Off, name: str, score: Scores, predicted_off: Off, resampling: Resampling) -> PooledRow:
    intervals = measure_intervals(off, predicted_off, resampling)
    return PooledRow(name, measure(off, score, predicted_off), best_precision(off, score), intervals)


def _measure_networks(folded: FoldedSet, score: Scores, inside: npt.NDArray[np.bool_]) -> Metrics:
    return measure(folded.labelled_set.off[inside], score[inside], score[inside] >= THRESHOLD)


def _measure_rule(folded: FoldedSet, ratios: Scores, inside: npt.NDArray[np.bool_]) -> Metrics:
    return measure(folded.labelled_set.off[inside], ratios[inside], ratios[inside] > OFF_ABOVE_RATIO)


def _evaluate_datasets(folded: FoldedSet, average: Scores, ratios: Scores) -> list[PartRow]:
    rows = []
    for name, inside in _part(folded.labelled_set.datasets):
        own = _measure_networks(folded, average, inside)
        rows.append(PartRow(name, own, _measure_rule(folded, ratios, inside), wilson_95(own.correct, own.images)))
    return rows


def _evaluate_aspect(folded: FoldedSet, names: Sequence[str], average: Scores, ratios: Scores) -> list[PartRow]:
    rows = []
    for name, inside in _part(names):
        own = _measure_networks(folded, average, inside)
        resampling = Resampling([folded.group_keys[row] for row in np.flatnonzero(inside).tolist()])
        correct = (average[inside] >= THRESHOLD) == folded.labelled_set.off[inside]
        interval = resampling.interval_of_mean(correct) if resampling.several_groups else None
        rows.append(PartRow(name, own, _measure_rule(folded, ratios, inside), interval))
    return rows


def _part(names: Sequence[str]) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Each name once, sorted, with the mask of its images."""
    every = np.asarray(names)
    for name in sorted(set(names)):
        yield name, every == name


def _accuracy(row: PartRow) -> float:
    return row.average.accuracy


def _mean_over_folds(rows: Sequence[FoldRow], repeat: str) -> dict[MetricName, MeanStd]:
    own = [row.metrics for row in rows if row.repeat == repeat]
    return {name: mean_std_of([metrics.value(name) for metrics in own]) for name in METRIC_NAMES}


def _warn(folded: FoldedSet) -> list[str]:
    labelled_set = folded.labelled_set
    datasets = len(labelled_set.dataset_names)
    groups = {"labels": "datasets", "synthetic": "sample masks and textures"}[labelled_set.origin]
    warnings = [f"intervals are over {groups}; only those of single datasets (Wilson's) treat images as independent"]
    if datasets < _FEW_DATASETS:
        warnings.append(f"{labelled_set.name} has only {datasets} datasets: scores say little about other datasets")
    for fold in range(folded.folds):
        rows = np.flatnonzero(folded.fold_of == fold)
        held_out = {labelled_set.datasets[row] for row in rows}
        if len(held_out) == 1:
            warnings.append(f"fold {fold + 1} holds out one dataset, {next(iter(held_out))}")
        if len(set(labelled_set.off[rows].tolist())) == 1:
            warnings.append(f"fold {fold + 1} holds out one class only: its AUC is not defined")
    return warnings
