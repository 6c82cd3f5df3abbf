"""Evaluation as a table for people and as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from training.figures import Figures


def print_figures(rows: Sequence[Figures], console: Console) -> None:
    """Print one row per set and predictor, and what to mind about each set."""
    table = Table(title="Real sets, each on its own (never pooled)")
    for heading in ("set", "role", "predictor", "right", "accuracy", "Wilson 95 %", "AUC"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        low, high = row.wilson_95
        table.add_row(
            row.data_set,
            row.role,
            row.predictor,
            f"{row.right} of {row.images}",
            f"{row.accuracy:.3f}",
            f"{low:.3f}-{high:.3f}",
            format_auc(row.auc),
        )
    console.print(table)
    for warning in warnings_of(rows):
        console.print(f"warning: {warning}", style="yellow", soft_wrap=True)


def figures_as_json(rows: Sequence[Figures]) -> str:
    """A list of objects, one per row."""
    return json.dumps([asdict(row) for row in rows], indent=2)


def warnings_of(rows: Sequence[Figures]) -> list[str]:
    """Each warning once, in the order of the rows."""
    return list(dict.fromkeys(row.warning for row in rows if row.warning))


def format_auc(auc: float | None) -> str:
    """Three digits, or a dash where one class is missing."""
    return "-" if auc is None else f"{auc:.3f}"
