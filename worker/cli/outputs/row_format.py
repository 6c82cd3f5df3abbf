"""Result rows as a table, JSON lines or CSV."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from io import TextIOWrapper
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.counting import count_of
from worker.messages.results import Assessment, Counts, ResultRow, count_rows

_PIPED_COLUMNS = 120
_OTHER_COLUMNS = 100
"""Room for the columns beside the id."""
MOST_ROWS = 40
"""Rows of a table on a terminal."""
_SUMMED = ("annotations", "off", "on", "uncertain", "no signal", "unreadable")


class RowFormat(StrEnum):
    """How result rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True)
class IonFacts:
    """What is known about an ion besides its prediction; None = not known."""

    mz: float | None = None
    formula: str | None = None
    adduct: str | None = None
    total_intensity: float | None = None
    maximum_intensity: float | None = None
    nonzero_share: float | None = None
    """Pixels above 0 of the acquired ones, 0 to 1."""


@dataclass(frozen=True)
class DatasetRows:
    """The rows of one dataset, and the release that classified them."""

    dataset_id: str
    release: str
    rows: Sequence[ResultRow]
    facts: Mapping[str, IonFacts] = field(default_factory=dict)
    """By annotation id, where they are known."""
    assessment: Sequence[Assessment] = ()
    """What to check before its labels are believed."""
    conclusion: str = ""
    """What was found out about it, in one sentence."""


_UNKNOWN = IonFacts()

COLUMNS: Mapping[str, type] = {
    **dict.fromkeys(("annotation_id", "status", "label"), str),
    **dict.fromkeys(("off_sample_probability", "member_spread"), float),
    "uncertain": bool,
    "reason": str,
    "mz": float,
    **dict.fromkeys(("formula", "adduct"), str),
    **dict.fromkeys(("total_intensity", "maximum_intensity", "nonzero_share"), float),
    **dict.fromkeys(("dataset_id", "release"), str),
    "assessment": list,
}
"""What a line of `make_lines` holds, by name."""


def print_rows(datasets: Sequence[DatasetRows], row_format: RowFormat, *, all_rows: bool = False) -> None:
    """Print to stdout, UTF-8; JSON is one object a line; objects and CSV lines hold what `make_lines` yields.

    Tables are sorted by probability; on a terminal they end after 40 rows, unless `all_rows`.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    if row_format is RowFormat.TABLE:
        for dataset in datasets:
            title = Text(f"{dataset.dataset_id}, release {dataset.release}") if len(datasets) > 1 else None
            _print_table(dataset.rows, title, None if all_rows or not sys.stdout.isatty() else MOST_ROWS)
        return
    lines = (line for dataset in datasets for line in make_lines(dataset))
    if row_format is RowFormat.JSON:
        sys.stdout.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    else:
        write_csv(lines, sys.stdout)


def _print_table(rows: Sequence[ResultRow], title: Text | None, most: int | None) -> None:
    """The table of one dataset; where it is not on a terminal, as wide as its ids need."""
    longest = max((len(row.annotation_id) for row in rows), default=0)
    console = Console(width=None if sys.stdout.isatty() else max(_PIPED_COLUMNS, longest + _OTHER_COLUMNS))
    ordered = sorted(rows, key=lambda row: -1 if row.off_sample_probability is None else row.off_sample_probability)
    ordered.reverse()
    console.print(make_row_table(ordered[:most], title))
    if left := ordered[len(ordered[:most]) :]:
        console.print(
            f"and {len(left):,} less likely off-sample: {describe_counts(count_rows(left))}; --all or --format csv"
            " prints them too",
            soft_wrap=True,
        )


def make_lines(dataset: DatasetRows) -> Iterator[dict[str, Any]]:
    """Each row with the facts about its ion, its dataset and its release."""
    about = {"dataset_id": dataset.dataset_id, "release": dataset.release, "assessment": list(dataset.assessment)}
    for row in dataset.rows:
        yield row.model_dump() | asdict(dataset.facts.get(row.annotation_id, _UNKNOWN)) | about


def print_summary(datasets: Sequence[DatasetRows]) -> None:
    """One line a dataset on stderr: its counts, and what to check."""
    table = Table(title="summary", title_justify="left")
    for name in ("dataset", *_SUMMED, "check"):
        table.add_column(name, justify="right" if name in _SUMMED else "left", overflow="fold")
    for dataset in datasets:
        counts = count_rows(dataset.rows)
        numbers = (f"{getattr(counts, name.replace(' ', '_')):,}" for name in _SUMMED)
        table.add_row(Text(dataset.dataset_id), *numbers, ", ".join(dataset.assessment))
    Console(stderr=True, width=None if sys.stderr.isatty() else _PIPED_COLUMNS).print(table)


def make_row_table(rows: Iterable[ResultRow], title: str | Text | None = None) -> Table:
    """A table of rows; off-sample labels are red."""
    table = Table(title=title, title_justify="left")
    table.add_column("annotation", no_wrap=True)
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
    """Counts as one readable line."""
    parts = [
        count_of(counts.annotations, "ion image"),
        f"{counts.off:,} off-sample",
        f"{counts.on:,} on-sample",
    ]
    if counts.uncertain:
        parts.append(f"{counts.uncertain:,} of them uncertain")
    if counts.no_signal:
        parts.append(f"{counts.no_signal:,} without signal")
    if counts.unreadable:
        parts.append(f"{counts.unreadable:,} unreadable")
    return ", ".join(parts)


def write_csv(lines: Iterable[dict[str, Any]], stream: TextIO) -> None:
    """Write lines as CSV with a header; assessment codes are separated by spaces."""
    writer = csv.DictWriter(stream, list(COLUMNS), lineterminator="\n")
    writer.writeheader()
    for line in lines:
        codes = {"assessment": " ".join(line["assessment"])}
        writer.writerow({name: "" if value is None else value for name, value in (line | codes).items()})
