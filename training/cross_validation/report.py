"""The report of a cross-validation: an HTML page, a JSON file, plots and every image's probability."""

import csv
import json
from pathlib import Path

from training.cross_validation.evaluation import Evaluation, describe_verdict
from training.cross_validation.evaluation_json import evaluation_as_json
from training.cross_validation.folded_set import FoldedSet
from training.cross_validation.plots import draw_datasets, draw_fold_metrics, draw_reliability, draw_roc
from training.cross_validation.settings import CrossValidationSettings
from training.cross_validation.tables import (
    make_aspect_tables,
    make_calibration_table,
    make_dataset_table,
    make_fold_means_table,
    make_fold_table,
    make_pooled_table,
)
from training.labelled.class_counts import count_classes
from training.labelled.class_figure import draw_class_figure
from training.reports.html_page import (
    render_png,
    write_heading,
    write_image,
    write_page,
    write_paragraph,
    write_table,
)
from training.reports.text_tables import TextTable

_LISTED = 200
"""Most left-out images listed on the page; the JSON has all."""


def write_report(folder: Path, folded: FoldedSet, settings: CrossValidationSettings, evaluation: Evaluation) -> Path:
    """Write `report.html`, `report.json`, `predictions.csv` and `figures/*.png`; return the page's path."""
    plots = _draw(folded, evaluation)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for name, png in plots.items():
        (folder / "figures" / f"{name}.png").write_bytes(png)
    _write_predictions(folder / "predictions.csv", folded, evaluation)
    content = json.dumps(evaluation_as_json(folded, settings, evaluation), indent=2)
    (folder / "report.json").write_text(content + "\n", encoding="utf-8")
    page = folder / "report.html"
    page.write_text(_write_html(folded, settings, evaluation, plots), encoding="utf-8")
    return page


def _draw(folded: FoldedSet, evaluation: Evaluation) -> dict[str, bytes]:
    figures = {
        "roc": draw_roc(folded, evaluation),
        "folds": draw_fold_metrics(evaluation),
        "datasets": draw_datasets(evaluation),
        "reliability": draw_reliability(evaluation),
        "classes": draw_class_figure(folded.labelled_set.name, count_classes(folded.labelled_set)),
    }
    return {name: render_png(figure) for name, figure in figures.items()}


def _write_html(
    folded: FoldedSet, settings: CrossValidationSettings, evaluation: Evaluation, plots: dict[str, bytes]
) -> str:
    calibration = evaluation.calibration
    parts = [
        write_paragraph(describe_verdict(evaluation), "verdict"),
        write_paragraph(_describe_settings(folded, settings)),
        *(write_paragraph(f"Warning: {warning}.", "warning") for warning in evaluation.warnings),
        write_heading("Scores"),
        write_table(make_pooled_table(evaluation)),
        write_paragraph(_describe_repeats(evaluation), "note"),
        write_table(make_fold_means_table(evaluation)),
        write_image(plots["roc"], "ROC curves of the folds, of all held-out images, and of the rule"),
        write_image(plots["folds"], "metrics of every fold and repeat"),
        write_heading("Datasets"),
        write_image(plots["datasets"], "accuracy per dataset"),
        write_table(make_dataset_table(evaluation)),
        *(write_table(table) for table in make_aspect_tables(evaluation)),
        write_heading("Calibration"),
        write_paragraph(f"Temperature {calibration.temperature:.3f}, fitted on held-out folds: {calibration.scope}."),
        write_table(make_calibration_table(evaluation)),
        write_image(plots["reliability"], "reliability diagram"),
        write_heading("Folds"),
        write_table(make_fold_table(evaluation)),
        write_heading("Data"),
        write_image(plots["classes"], "on and off images per dataset"),
        *_write_left_out(folded),
    ]
    return write_page(f"Cross-validation on {settings.name}", parts)


def _describe_settings(folded: FoldedSet, settings: CrossValidationSettings) -> str:
    synthetic = settings.origin == "synthetic"
    what, sources = ("semi-synthetic", "outlines") if synthetic else ("labelled", "datasets")
    kept = {
        ("labels", "dataset"): "dataset",
        ("labels", "family"): "family of dataset names",
        ("synthetic", "dataset"): "outline and texture source",
        ("synthetic", "family"): "family of outlines and of textures",
    }[settings.origin, settings.grouping]
    off, names = int(folded.labelled_set.off.sum()), folded.labelled_set.dataset_names
    return (
        f"{settings.images:,} {what} ion images, {off:,} of them off-sample (the positive class),"
        f" {len(names)} {sources}. {settings.folds} folds; each {kept} is in one fold"
        " only."
        f" {settings.attempts} repeats per fold, networks per repeat: {settings.members}, preset {settings.preset},"
        f" {settings.recipe.epochs} epochs, seed {settings.seed}; threshold 0.5."
    )


def _describe_repeats(evaluation: Evaluation) -> str:
    over_repeats = evaluation.repeat_f1
    text = "The precision at recall ≥ .8 is optimistic: its threshold is chosen on the same images."
    if over_repeats is not None and over_repeats.std is not None:
        text += f" F1 over repeats: {over_repeats.mean:.3f} ± {over_repeats.std:.4f} (n = {over_repeats.folds})."
    return text


def _write_left_out(folded: FoldedSet) -> list[str]:
    left_out = folded.labelled_set.left_out
    if not left_out:
        return []
    counts = ", ".join(f"{count:,} {reason}" for reason, count in sorted(folded.labelled_set.left_out_counts.items()))
    rows = tuple((one.dataset, one.annotation_id, str(one.reason), one.detail) for one in left_out[:_LISTED])
    return [write_table(TextTable(f"Left out: {counts}", ("dataset", "ion", "reason", "detail"), rows))]


def _write_predictions(path: Path, folded: FoldedSet, evaluation: Evaluation) -> None:
    labelled_set = folded.labelled_set
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("dataset", "annotation_id", "label", "fold", "off_sample_probability", "border_centre_ratio"))
        for row in range(len(labelled_set)):
            label = "off" if labelled_set.off[row] else "on"
            numbers = (repr(float(evaluation.average[row])), f"{evaluation.ratios[row]:.6g}")
            ion = (labelled_set.datasets[row], labelled_set.annotation_ids[row])
            writer.writerow((*ion, label, int(folded.fold_of[row]) + 1, *numbers))
