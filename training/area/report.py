"""The table of held-out scores for the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from training.area.held_out_scores import HeldOutScores

COLUMNS = (
    "acquisition",
    "area",
    "ions",
    "P(area)",
    "present / absent / unclear",
    "correct",
    "plain correct",
    "false off",
    "plain false off",
    "AUC",
    "plain AUC",
)


def print_held_out(scores: Sequence[HeldOutScores], console: Console) -> None:
    """Print one row for each acquisition and number of ions."""
    table = Table(title="Acquisitions that the networks did not see; * the plain release was fitted on their textures")
    for heading in COLUMNS:
        table.add_column(heading, overflow="fold", justify="left" if heading == "acquisition" else "right")
    for row in scores:
        table.add_row(*tabulate(row), end_section=row is scores[-1])
    console.print(table)


def tabulate(row: HeldOutScores) -> list[str]:
    """The cells of a row, in the order of the columns."""
    return [
        f"{row.acquisition}{'*' if row.plain_fitted_on else ''}",
        row.truth,
        "all" if row.ions is None else str(row.ions),
        f"{row.probability:.2f}",
        " / ".join(map(str, row.verdicts)),
        _of(row.correct, row.labelled),
        _of(row.plain_correct, row.labelled),
        _of(row.false_off, row.on),
        _of(row.plain_false_off, row.on),
        *("-" if auc is None else f"{auc:.3f}" for auc in (row.auc, row.plain_auc)),
    ]


def _of(count: int, total: int) -> str:
    return f"{count} of {total}" if total else "-"
