"""The tables of a cross-validation as text, for the report and for the terminal."""

from collections.abc import Sequence

from training.cross_validation.evaluation import AVERAGE, Evaluation, PartRow
from training.metrics.border_centre import RULE_NAME
from training.metrics.resampling import Interval
from training.metrics.scores import METRIC_NAMES, MeanStd, Metrics
from training.reports.text_tables import TextTable

_NOTHING = "-"


def make_pooled_table(evaluation: Evaluation) -> TextTable:
    """All held-out images together: counts, intervals over groups, the precision at recall >= 0.8."""
    headings = ("predictor", "correct", "accuracy", "precision", "recall", "F1", "AUC", "precision at recall ≥ .8")
    rows = []
    for row in evaluation.pooled:
        found = row.metrics
        rows.append(
            (
                _name_predictor(row.predictor),
                f"{found.correct:,} of {found.images:,}",
                *(
                    _with_interval(found.value(name), row.intervals_95.get(name))
                    for name in ("accuracy", "precision", "recall", "f1")
                ),
                _number(found.auc),
                _number(row.best_precision),
            )
        )
    marked = frozenset(index for index, row in enumerate(evaluation.pooled) if row.predictor == AVERAGE)
    return TextTable("All held-out images (95 % over groups in brackets)", headings, tuple(rows), marked)


def make_fold_means_table(evaluation: Evaluation) -> TextTable:
    """Mean and standard deviation over folds (the report's figure 25), of networks and rule."""
    headings = ("", "mean", "std", "mean", "std", "folds")
    own, rule = evaluation.fold_means[AVERAGE], evaluation.fold_means[RULE_NAME]
    rows = tuple(
        (name, *_mean_std_cells(own[name]), *_mean_std_cells(rule[name]), str(own[name].folds)) for name in METRIC_NAMES
    )
    return TextTable(f"Mean over folds: repeats averaged, then {RULE_NAME}", headings, rows)


def make_fold_table(evaluation: Evaluation) -> TextTable:
    """Metrics of every fold (the report's figure 24), with every attempt and the rule."""
    headings = ("fold", "attempt", *METRIC_NAMES, "off", "images")
    rows = tuple(
        (str(row.fold), row.repeat, *_metrics(row.metrics), str(row.metrics.off), str(row.metrics.images))
        for row in evaluation.fold_rows
    )
    marked = frozenset(index for index, row in enumerate(evaluation.fold_rows) if row.repeat == AVERAGE)
    return TextTable("Every fold and attempt", headings, rows, marked)


def make_dataset_table(evaluation: Evaluation) -> TextTable:
    """Every dataset, worst first; the worst tenth is marked."""
    title = (
        f"Datasets, worst first; the worst tenth ({len(evaluation.worst_tenth)}) in bold (Wilson 95 %, images as if"
        " independent)"
    )
    return _make_part_table(title, evaluation.by_dataset, frozenset(range(len(evaluation.worst_tenth))))


def make_aspect_tables(evaluation: Evaluation) -> list[TextTable]:
    """By pattern, scene and signal level, where known, worst first."""
    return [
        _make_part_table(f"By {aspect}, worst first (95 % over groups)", parts, frozenset())
        for aspect, parts in evaluation.by_aspect.items()
    ]


def make_calibration_table(evaluation: Evaluation) -> TextTable:
    """Brier score, and the expected calibration error when there are enough images."""
    found = evaluation.calibration
    rows = (
        ("unscaled", f"{found.brier:.4f}", _number(found.ece)),
        ("scaled by the other folds", f"{found.brier_scaled:.4f}", _number(found.ece_scaled)),
    )
    return TextTable("Calibration", ("probabilities", "Brier score", "ECE (n ≥ 2,000 only)"), rows)


def _make_part_table(title: str, parts: Sequence[PartRow], marked: frozenset[int]) -> TextTable:
    headings = ("", "correct", "accuracy", "F1", "AUC", "off", f"{RULE_NAME}: correct", "AUC")
    rows = tuple(
        (
            part.part,
            f"{part.average.correct} of {part.average.images}",
            _with_interval(part.average.accuracy, part.accuracy_95),
            _number(part.average.f1),
            _number(part.average.auc),
            str(part.average.off),
            f"{part.rule.correct} of {part.rule.images}",
            _number(part.rule.auc),
        )
        for part in parts
    )
    return TextTable(title, headings, rows, marked)


def _name_predictor(name: str) -> str:
    if name == AVERAGE:
        return "repeats averaged"
    return name if name == RULE_NAME else f"repeat {name}"


def _metrics(metrics: Metrics) -> tuple[str, ...]:
    return tuple(_number(metrics.value(name)) for name in METRIC_NAMES)


def _mean_std_cells(over_folds: MeanStd) -> tuple[str, str]:
    return _number(over_folds.mean), _number(over_folds.std)


def _number(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.3f}"


def _with_interval(value: float | None, interval: Interval | None) -> str:
    if value is None or interval is None:
        return _number(value)
    low, high = interval
    return f"{value:.3f} ({low:.3f}-{high:.3f})"
