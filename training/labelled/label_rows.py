"""Label files: CSV, or JSON lines, with one labelled ion image a line.

The service's own output is such a file: `offsample classify … --format csv` (or `json`), its `label` column corrected
by a person, is read as it is.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import InvalidInputError

_ID_COLUMNS = ("annotation_id", "index", "file")
"""What may name the ion image of a row, in this order of preference."""

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


def read_label_rows(path: Path) -> list[LabelRow]:
    """Read `annotation_id` (or `index`, or `file`), `label` and, where there is one, `dataset`.

    Raises
    ------
    InvalidInputError
        When the file cannot be read, is no CSV or JSON lines, or lacks a column.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise InvalidInputError(f"label file {path.name} is larger than 256 MiB; right would be one row an image")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInputError(f"label file {path.name} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"label file {path.name} is not UTF-8; right would be UTF-8 text") from error
    records = _parse_csv(text, path.name) if path.suffix.lower() == ".csv" else _parse_json_lines(text, path.name)
    rows = [_make_row(record, number, path.name) for number, record in records]
    if not rows:
        raise InvalidInputError(f"label file {path.name} has no row; right would be one row an image")
    return rows


def _parse_csv(text: str, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    try:
        for record in reader:
            yield reader.line_num, record
    except csv.Error as error:
        raise InvalidInputError(f"label file {name}, line {reader.line_num}, is no CSV ({error})") from error


def _parse_json_lines(text: str, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(f"label file {name}, line {number}, is no JSON ({error})") from error
        if not isinstance(record, dict):
            raise InvalidInputError(f"label file {name}, line {number}, is no JSON object; right would be one a line")
        yield number, record


def _make_row(record: dict[str, Any], number: int, name: str) -> LabelRow:
    column = next((column for column in _ID_COLUMNS if record.get(column) not in (None, "")), None)
    if column is None or "label" not in record:
        raise InvalidInputError(
            f"label file {name}, line {number}, lacks annotation_id or label;"
            " right would be a column annotation_id (or index, or file) and a column label"
        )
    label = record["label"]
    dataset = record.get("dataset") or record.get("dataset_id")
    word = "" if label is None else str(label).strip().lower()
    return LabelRow(str(record[column]), column == "index", word, str(dataset) if dataset else None)
