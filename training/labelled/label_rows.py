"""Label files: CSV, or JSON lines, with one labelled ion image per line.

The output of `offsample classify … --format csv` (or `json`) is such a file, as printed or with corrected labels.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from shared.errors import InvalidInputError
from shared.files.table_file import decode_text, read_table

_ID_COLUMNS = ("annotation_id", "index", "file")
"""Columns that may identify the ion image of a row, in order of preference."""

_COLUMNS = (*_ID_COLUMNS, "label", "dataset", "dataset_id", "mz")
_LARGEST_FILE_BYTES = 256 * 2**20


@dataclass(frozen=True)
class LabelRow:
    """One line of a label file."""

    annotation_id: str
    by_index: bool
    """Whether the id is a row number of an array file, from the column `index`."""

    label: str
    """In lower case; empty when missing."""

    dataset: str | None
    """From the column `dataset`, set by a person."""

    served_as: str | None = None
    """From the column `dataset_id`, set by the service."""

    mz: float | None = None
    """From the column `mz`, Th."""


def read_label_rows(path: Path) -> list[LabelRow]:
    """Read `annotation_id` (or `index`, or `file`), `label` and, optionally, `dataset`.

    Raises
    ------
    InvalidInputError
        When the file cannot be read, is neither CSV nor JSON lines, or lacks a column.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise InvalidInputError(f"expected at most 256 MiB in label file {path.name}, got more")
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"label file {path.name} cannot be read ({error.strerror})") from error
    records = _parse_csv(content, path.name) if path.suffix.lower() == ".csv" else _parse_json_lines(content, path.name)
    rows = [_make_row(record, number, path.name) for number, record in records]
    if not rows:
        raise InvalidInputError(f"expected one row per image in label file {path.name}, got no row")
    return rows


def _parse_csv(content: bytes, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows as saved by a program or a spreadsheet; the label of an empty cell is ""."""
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
            raise InvalidInputError(f"label file {name}, line {number}: expected JSON ({error})") from error
        if not isinstance(record, dict):
            raise InvalidInputError(
                f"label file {name}, line {number}: expected a JSON object, got {type(record).__name__}"
            )
        yield number, record


def _make_row(record: dict[str, Any], number: int, name: str) -> LabelRow:
    column = next((column for column in _ID_COLUMNS if record.get(column) not in (None, "")), None)
    if column is None or "label" not in record:
        raise InvalidInputError(
            f"label file {name}, line {number}: expected a column annotation_id (or index, or file)"
            " and a column label, got only one of them or neither"
        )
    label = record["label"]
    dataset, served_as = record.get("dataset"), record.get("dataset_id")
    text = "" if label is None else str(label).strip().lower()
    return LabelRow(
        str(record[column]),
        column == "index",
        text,
        str(dataset) if dataset else None,
        str(served_as) if served_as else None,
        _read_mz(record.get("mz")),
    )


def _read_mz(value: Any) -> float | None:
    """A positive number, or None: ions may have no m/z."""
    try:
        mz = float(value)
    except (TypeError, ValueError):
        return None
    return mz if isfinite(mz) and mz > 0 else None
