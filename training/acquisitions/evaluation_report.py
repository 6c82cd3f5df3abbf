"""The evaluation of whole acquisitions as a table for people and as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console

from training.acquisitions.evaluation import AcquisitionEvaluation
from training.metrics.real_set_scores import RealSetScores
from training.release.evaluation_table import format_auc, format_interval
from training.reports.text_tables import TextTable, print_table


def print_acquisitions(rows: Sequence[AcquisitionEvaluation], console: Console) -> None:
    """Print a table of labels and one of areas and masks."""
    print_table(_tabulate_labels(rows), console)
    print_table(_tabulate_areas(rows), console)
    for labeller in sorted({row.labelled_by for row in rows if row.figures}):
        names = ", ".join(row.name for row in rows if row.figures and row.labelled_by == labeller)
        console.print(f"labelled by {labeller}: {names}", soft_wrap=True, highlight=False)
    fitted_on = [row.name for row in rows if row.fitted_on]
    if fitted_on:
        console.print(f"the release was fitted on these, whole or in patches: {', '.join(fitted_on)}", soft_wrap=True)
    if any(row.fitted_on is None for row in rows):
        console.print("the release does not record what it was fitted on", soft_wrap=True)
    console.print(
        "Images of one acquisition are correlated: Wilson intervals do not extend to other acquisitions.",
        soft_wrap=True,
    )


def acquisitions_as_json(rows: Sequence[AcquisitionEvaluation]) -> str:
    """One object per acquisition."""
    return json.dumps({"acquisitions": [asdict(row) for row in rows]}, indent=2)


def _tabulate_labels(rows: Sequence[AcquisitionEvaluation]) -> TextTable:
    headings = ("acquisition", "ions", "labelled", "predictor", "correct", "Wilson 95 %", "AUC", "false off, of on")
    cells = [_cells(row, number, found) for row in rows for number, found in enumerate(row.figures)]
    cells += [(row.name, str(row.ions), "0", "", "-", "-", "-", "-") for row in rows if not row.figures]
    return TextTable("Real acquisitions", headings, tuple(cells))


def _cells(row: AcquisitionEvaluation, number: int, found: RealSetScores) -> tuple[str, ...]:
    first = number == 0
    return (
        row.name if first else "",
        str(row.ions) if first else "",
        str(found.images) if first else "",
        found.predictor,
        f"{found.correct} of {found.images}",
        format_interval(found.wilson_95),
        format_auc(found.auc),
        f"{row.false_off} of {row.on}" if first else "",
    )


def _tabulate_areas(rows: Sequence[AcquisitionEvaluation]) -> TextTable:
    cells = tuple(
        (
            row.name,
            row.area,
            row.area_found or "-",
            f"{row.area_confidence:.2f}",
            "-" if row.mask_overlap is None else f"{row.mask_overlap:.2f}",
        )
        for row in rows
    )
    headings = ("acquisition", "off-sample area", "found", "confidence", "sample mask: overlap")
    return TextTable("Off-sample area and sample mask", headings, cells)
