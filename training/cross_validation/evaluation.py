"""The evaluation of a cross-validation: every table of the report, as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from training.border_centre import OFF_ABOVE_RATIO, score_border_centre
from training.cross_validation.calibration import Calibration, calibrate
from training.cross_validation.folded_set import FoldedSet
from training.cross_validation.metrics import (
    METRIC_NAMES,
    MetricName,
    Metrics,
    Scores,
    Spread,
    best_precision,
    measure,
    spread_of,
)
from training.evaluate import RULE_NAME

THRESHOLD = 0.5
AVERAGE = "avg"

_FEW_DATASETS = 10
_MEANINGS = {
    "labels": "calibrated on these labels",
    "synthetic": "calibrated on synthetic data; on real data unknown",
}


@dataclass(frozen=True)
class FoldRow:
    """One row of the report's figure 24."""

    fold: int
    """From 1."""

    attempt: str
    """Its number, `avg`, or the name of the rule."""

    metrics: Metrics


@dataclass(frozen=True)
class PooledRow:
    """All held-out images together."""

    predictor: str
    metrics: Metrics
    best_precision: float | None
    """The highest at a recall of at least 0.8."""


@dataclass(frozen=True)
class PartRow:
    """The images of one dataset, or of one pattern, scene or signal level."""

    part: str
    average: Metrics
    rule: Metrics


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a cross-validation found."""

    fold_rows: tuple[FoldRow, ...]
    spreads: dict[str, dict[MetricName, Spread]]
    """The report's figure 25: mean and deviation over folds, of `avg` and of the rule."""

    pooled: tuple[PooledRow, ...]
    attempt_f1: Spread | None
    """Over attempts, of the F1 of all held-out images: how much the same data give different networks."""

    by_dataset: tuple[PartRow, ...]
    """Worst first."""

    by_aspect: dict[str, tuple[PartRow, ...]]
    """Of every aspect that is known, its values, worst first."""

    calibration: Calibration
    warnings: tuple[str, ...]
    average: Scores
    """(N,) off-sample probability of the averaged attempts."""

    ratios: Scores
    """(N,) of the border/centre rule."""

    @property
    def worst_tenth(self) -> tuple[PartRow, ...]:
        """The worst tenth of the datasets, at least one."""
        return self.by_dataset[: ceil(len(self.by_dataset) / 10)]


def evaluate_folds(folded: FoldedSet, probabilities: npt.NDArray[np.float64]) -> Evaluation:
    """Judge (attempts, N) held-out probabilities."""
    labelled_set = folded.labelled_set
    average, ratios = probabilities.mean(axis=0), score_border_centre(labelled_set.inputs)
    scores = {str(number): row for number, row in enumerate(probabilities, start=1)} | {AVERAGE: average}
    rows = _judge_folds(folded, scores, ratios)
    pooled = [_judge_pooled(folded, name, row) for name, row in scores.items()]
    f1 = [row.metrics.f1 for row in pooled if row.predictor != AVERAGE]
    everything = np.ones(len(labelled_set), dtype=np.bool_)
    rule = _judge_rule(folded, ratios, everything)
    return Evaluation(
        fold_rows=tuple(rows),
        spreads={name: _spread(rows, name) for name in (AVERAGE, RULE_NAME)},
        pooled=(*pooled, PooledRow(RULE_NAME, rule, best_precision(labelled_set.off, ratios))),
        attempt_f1=spread_of(f1) if len(f1) > 1 else None,
        by_dataset=tuple(sorted(_judge_parts(folded, labelled_set.datasets, average, ratios), key=_accuracy)),
        by_aspect={
            aspect: tuple(sorted(_judge_parts(folded, names, average, ratios), key=_accuracy))
            for aspect, names in labelled_set.aspects.items()
        },
        calibration=calibrate(labelled_set.off, average, folded.fold_of, _MEANINGS[labelled_set.origin]),
        warnings=tuple(_warn(folded)),
        average=average,
        ratios=ratios,
    )


def _judge_folds(folded: FoldedSet, scores: dict[str, Scores], ratios: Scores) -> list[FoldRow]:
    rows = []
    for fold in range(folded.folds):
        inside = folded.fold_of == fold
        rows += [FoldRow(fold + 1, name, _judge(folded, score, inside)) for name, score in scores.items()]
        rows.append(FoldRow(fold + 1, RULE_NAME, _judge_rule(folded, ratios, inside)))
    return rows


def _judge_pooled(folded: FoldedSet, name: str, score: Scores) -> PooledRow:
    off = folded.labelled_set.off
    return PooledRow(name, measure(off, score, score >= THRESHOLD), best_precision(off, score))


def _judge(folded: FoldedSet, score: Scores, inside: npt.NDArray[np.bool_]) -> Metrics:
    return measure(folded.labelled_set.off[inside], score[inside], score[inside] >= THRESHOLD)


def _judge_rule(folded: FoldedSet, ratios: Scores, inside: npt.NDArray[np.bool_]) -> Metrics:
    return measure(folded.labelled_set.off[inside], ratios[inside], ratios[inside] > OFF_ABOVE_RATIO)


def _judge_parts(folded: FoldedSet, parts: Sequence[str], average: Scores, ratios: Scores) -> list[PartRow]:
    names = np.asarray(parts)
    rows = []
    for name in sorted(set(parts)):
        inside = names == name
        rows.append(PartRow(name, _judge(folded, average, inside), _judge_rule(folded, ratios, inside)))
    return rows


def _accuracy(row: PartRow) -> float:
    return row.average.accuracy


def _spread(rows: Sequence[FoldRow], attempt: str) -> dict[MetricName, Spread]:
    own = [row.metrics for row in rows if row.attempt == attempt]
    return {name: spread_of([metrics.value(name) for metrics in own]) for name in METRIC_NAMES}


def _warn(folded: FoldedSet) -> list[str]:
    labelled_set = folded.labelled_set
    datasets = len(labelled_set.dataset_names)
    warnings = ["Wilson intervals treat images as independent draws, which the images of one dataset are not"]
    if datasets < _FEW_DATASETS:
        warnings.append(f"{labelled_set.name} is {datasets} datasets: figures say little about other ones")
    for fold in range(folded.folds):
        rows = np.flatnonzero(folded.fold_of == fold)
        held_out = {labelled_set.datasets[row] for row in rows}
        if len(held_out) == 1:
            warnings.append(f"fold {fold + 1} holds out one dataset, {next(iter(held_out))}")
        if len(set(labelled_set.off[rows].tolist())) == 1:
            warnings.append(f"fold {fold + 1} holds out one class only: its AUC is not defined")
    return warnings
