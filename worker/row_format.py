"""Result rows as a table, JSON lines or CSV."""

import csv
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.messages.results import Counts, ResultRow


class RowFormat(StrEnum):
    """How result rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def print_rows(rows: Sequence[ResultRow], row_format: RowFormat) -> None:
    """Print to stdout; JSON is one object a line."""
    if row_format is RowFormat.JSON:
        for row in rows:
            sys.stdout.write(row.model_dump_json() + "\n")
    elif row_format is RowFormat.CSV:
        _write_csv(rows)
    else:
        Console(width=None if sys.stdout.isatty() else 120).print(make_row_table(rows))


def make_row_table(rows: Iterable[ResultRow], title: str | None = None) -> Table:
    """A table of rows, off-sample in red."""
    table = Table(title=title, title_justify="left")
    table.add_column("annotation", overflow="fold")
    table.add_column("label")
    table.add_column("P(off-sample)", justify="right")
    table.add_column("member spread", justify="right")
    table.add_column("status")
    table.add_column("reason", overflow="fold")
    for row in rows:
        label = {"off": "[red]off[/]", "on": "[green]on[/]", None: "-"}[row.label]
        probability = "" if row.off_sample_probability is None else f"{row.off_sample_probability:.3f}"
        spread = "" if row.member_spread is None else f"{row.member_spread:.3f}"
        status = f"{row.status}, uncertain" if row.uncertain else row.status
        table.add_row(Text(row.annotation_id), label, probability, spread, status, Text(row.reason or ""))
    return table


def describe_counts(counts: Counts) -> str:
    """Counts as one line for people."""
    parts = [f"{counts.annotations:,} ion images", f"{counts.off:,} off-sample", f"{counts.on:,} on-sample"]
    if counts.uncertain:
        parts.append(f"{counts.uncertain:,} of them uncertain")
    if counts.no_signal:
        parts.append(f"{counts.no_signal:,} without signal")
    if counts.unreadable:
        parts.append(f"{counts.unreadable:,} unreadable")
    return ", ".join(parts)


def _write_csv(rows: Sequence[ResultRow]) -> None:
    writer = csv.DictWriter(sys.stdout, list(ResultRow.model_fields), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: "" if value is None else value for name, value in row.model_dump().items()})
