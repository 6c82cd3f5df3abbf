"""The evaluation of a cross-validation as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from training.cross_validation.evaluation import Evaluation, FoldRow, PartRow, PooledRow, describe_verdict
from training.cross_validation.folded_set import FoldedSet
from training.cross_validation.settings import CrossValidationSettings
from training.metrics.scores import METRIC_NAMES, Metrics


def evaluation_as_json(folded: FoldedSet, settings: CrossValidationSettings, evaluation: Evaluation) -> dict[str, Any]:
    """Everything but the plots, as JSON-compatible objects; `attempt` in its keys means repeat."""
    return {
        "verdict": describe_verdict(evaluation),
        "settings": settings.model_dump(mode="json"),
        "positive_class": "off",
        "warnings": list(evaluation.warnings),
        "pooled": [_pooled_as_json(row) for row in evaluation.pooled],
        "mean_over_folds": {
            name: {metric: asdict(mean_std) for metric, mean_std in fold_means.items()}
            for name, fold_means in evaluation.fold_means.items()
        },
        "f1_over_attempts": None if evaluation.repeat_f1 is None else asdict(evaluation.repeat_f1),
        "folds": [_fold_as_json(row) for row in evaluation.fold_rows],
        "datasets": _parts_as_json(evaluation.by_dataset),
        "worst_tenth": [row.part for row in evaluation.worst_tenth],
        "by_aspect": {aspect: _parts_as_json(parts) for aspect, parts in evaluation.by_aspect.items()},
        "calibration": asdict(evaluation.calibration),
        "left_out": [asdict(entry) for entry in folded.labelled_set.left_out],
    }


def _metrics_as_json(metrics: Metrics) -> dict[str, Any]:
    return asdict(metrics) | {name: metrics.value(name) for name in METRIC_NAMES}


def _pooled_as_json(row: PooledRow) -> dict[str, Any]:
    best = {"best_precision_at_recall_0.8": row.best_precision, "intervals_95": row.intervals_95}
    return {"predictor": row.predictor} | _metrics_as_json(row.metrics) | best


def _fold_as_json(row: FoldRow) -> dict[str, Any]:
    return {"fold": row.fold, "attempt": row.repeat} | _metrics_as_json(row.metrics)


def _parts_as_json(rows: Sequence[PartRow]) -> list[dict[str, Any]]:
    return [
        {"name": row.part, "networks": _metrics_as_json(row.average), "rule": _metrics_as_json(row.rule)}
        for row in rows
    ]
