"""Label files: CSV, or JSON lines, with one labelled ion image a line.

The service's own output is such a file: `offsample classify … --format csv` (or `json`), its `label` column corrected
by a person, is read as it is.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import InvalidInputError
from shared.files.table_file import decode_text, read_table

_ID_COLUMNS = ("annotation_id", "index", "file")
"""What may name the ion image of a row, in this order of preference."""

_COLUMNS = (*_ID_COLUMNS, "label", "dataset", "dataset_id")
_LARGEST_FILE_BYTES = 256 * 2**20


@dataclass(frozen=True)
class LabelRow:
    """One line of a label file."""

    annotation_id: str
    by_index: bool
    """Whether that is a row number of an array file, from the column `index`."""

    label: str
    """As written, in lower case; empty when there is none."""

    dataset: str | None
    """From the column `dataset`: what a person says."""

    served_as: str | None = None
    """From the column `dataset_id`: what the service was told to call it."""


def read_label_rows(path: Path) -> list[LabelRow]:
    """Read `annotation_id` (or `index`, or `file`), `label` and, where there is one, `dataset`.

    Raises
    ------
    InvalidInputError
        When the file cannot be read, is no CSV or JSON lines, or lacks a column.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise InvalidInputError(f"label file {path.name} is larger than 256 MiB; expected one row an image")
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"label file {path.name} cannot be read ({error.strerror})") from error
    records = _parse_csv(content, path.name) if path.suffix.lower() == ".csv" else _parse_json_lines(content, path.name)
    rows = [_make_row(record, number, path.name) for number, record in records]
    if not rows:
        raise InvalidInputError(f"label file {path.name} has no row; expected one row an image")
    return rows


def _parse_csv(content: bytes, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows as a program or a spreadsheet saves them; each has a label, "" where its cell is empty."""
    table = read_table(content, f"label file {name}", _COLUMNS)
    empty = {"label": ""} if "label" in table.columns else {}
    for number, cells in table.rows:
        yield number, empty | cells


def _parse_json_lines(content: bytes, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(decode_text(content, f"label file {name}").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(f"label file {name}, line {number}, is no JSON ({error})") from error
        if not isinstance(record, dict):
            raise InvalidInputError(f"label file {name}, line {number}, is no JSON object; expected one a line")
        yield number, record


def _make_row(record: dict[str, Any], number: int, name: str) -> LabelRow:
    column = next((column for column in _ID_COLUMNS if record.get(column) not in (None, "")), None)
    if column is None or "label" not in record:
        raise InvalidInputError(
            f"label file {name}, line {number}, lacks annotation_id or label;"
            " expected a column annotation_id (or index, or file) and a column label"
        )
    label = record["label"]
    dataset, served_as = record.get("dataset"), record.get("dataset_id")
    word = "" if label is None else str(label).strip().lower()
    return LabelRow(
        str(record[column]),
        column == "index",
        word,
        str(dataset) if dataset else None,
        str(served_as) if served_as else None,
    )
