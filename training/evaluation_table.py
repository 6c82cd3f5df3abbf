"""Evaluation as a table for people and as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from training.benchmark.release_figures import ReleaseOnBenchmark
from training.figures import Figures
from training.text_tables import print_table


def print_figures(rows: Sequence[Figures], console: Console) -> None:
    """Print one row per set and predictor, and what to mind about each set."""
    table = Table(title="Real sets, each on its own (never pooled)")
    for heading in ("set", "role", "predictor", "right", "accuracy", "Wilson 95 %", "AUC"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "set")
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


def print_benchmark(found: ReleaseOnBenchmark, console: Console) -> None:
    """Print what a release did on the frozen benchmark."""
    figures = found.figures()
    console.print(figures.identity, soft_wrap=True)
    console.print(
        f"right {figures.right:,} of {figures.images:,}, F1 {figures.f1:.3f}, precision {figures.precision:.3f},"
        f" recall {figures.recall:.3f}, AUC {figures.auc:.3f}; border/centre rule: F1 {figures.rule_f1:.3f},"
        f" AUC {figures.rule_auc:.3f}",
        soft_wrap=True,
    )
    for table in found.aspect_tables():
        print_table(table, console)


def figures_as_json(rows: Sequence[Figures], benchmark: ReleaseOnBenchmark | None = None) -> str:
    """The real sets, one object per row, and the benchmark when it was run."""
    found = None if benchmark is None else benchmark.figures().model_dump(mode="json")
    return json.dumps({"real_sets": [asdict(row) for row in rows], "benchmark": found}, indent=2)


def warnings_of(rows: Sequence[Figures]) -> list[str]:
    """Each warning once, in the order of the rows."""
    return list(dict.fromkeys(row.warning for row in rows if row.warning))


def format_auc(auc: float | None) -> str:
    """Three digits, or a dash where one class is missing."""
    return "-" if auc is None else f"{auc:.3f}"
