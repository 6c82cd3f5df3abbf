"""Lists of annotations in files: JSON, or tables as programs, METASPACE and spreadsheets save them."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Final

from pydantic import FailFast, TypeAdapter, ValidationError

from shared.errors import InvalidAnnotationsError, InvalidInputError
from shared.files.spreadsheet import read_spreadsheet
from shared.files.table_file import TextTable, decode_text, read_table
from shared.limits import require_at_most
from shared.validation import describe_validation_error
from worker.messages.event import Annotation
from worker.messages.json_values import limit_json_values

_ANNOTATIONS: Final = TypeAdapter(Annotated[list[Annotation], FailFast()])
_TABLE_SUFFIXES: Final = (".csv", ".tsv", ".tab", ".txt")
_SPREADSHEET_SUFFIX: Final = ".xlsx"
_COLUMNS_OF: Final[dict[str, tuple[str, ...]]] = {
    "annotation_id": ("annotation_id", "ion", "name"),
    "mz": ("mz", "m/z"),
    "formula": ("formula",),
    "adduct": ("adduct",),
    "charge": ("charge",),
    "image": ("image",),
}
"""Lower-case column names of each field; the first one present is used. `ion` is METASPACE's."""
_NAME: Final = "name"
"""A column for people: its values may be missing, or occur more than once."""
_CHANGES_OF_FORMULA: Final = ("chemmod", "neutralloss")
"""METASPACE's columns that change the ion, so `formula` and `adduct` alone do not identify it."""
_KNOWN: Final = tuple(column for columns in _COLUMNS_OF.values() for column in columns)
_DECIMAL_COMMA: Final = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_MOST_NAMED: Final = 6
"""Columns that a note names; METASPACE's export has a dozen that say nothing about an ion."""
_EXPECTED: Final = (
    "expected a JSON list, or a table with a column annotation_id, mz or formula, separated by commas, semicolons or"
    " tabs, or a spreadsheet"
)


@dataclass(frozen=True)
class AnnotationList:
    """Annotations, and for people what their list holds that was left out."""

    annotations: Sequence[Annotation]
    notes: tuple[str, ...] = ()
    """Sentences, as `IonImageSource.notes`."""


def parse_annotations(name: str, content: bytes, most: int) -> AnnotationList:
    """Read a JSON list of annotations; or, of a `.csv`, `.tsv`, `.txt` or `.xlsx`, a table with fields as columns.

    Other columns are left out, and a note says so. METASPACE's export is such a table: `ion` becomes the annotation
    id; and so is a feature list of SCiLS Lab. Without a column of ids, a row gets one from its m/z, or from its formula
    and adduct; so does one without a name. Names that occur more than once are followed by the m/z.

    Parameters
    ----------
    most
        Maximum number of annotations.

    Raises
    ------
    InvalidAnnotationsError
        When it is neither, or a row is not a valid annotation.
    TooLargeError
        When there are more than `most`.
    """
    try:
        if name.lower().endswith(_SPREADSHEET_SUFFIX):
            return _read_rows(name, read_spreadsheet(content, name, _KNOWN), most)
        if name.lower().endswith(_TABLE_SUFFIXES):
            return _read_rows(name, read_table(content, name, _KNOWN), most)
        text = decode_text(content, name)
        limit_json_values(text, name)
        return AnnotationList(_ANNOTATIONS.validate_json(text))
    except ValidationError as error:
        raise InvalidAnnotationsError(
            f"{name} is not a list of annotations: {describe_validation_error(error)}; {_EXPECTED}"
        ) from error
    except InvalidInputError as error:
        if type(error) is not InvalidInputError:
            raise
        raise InvalidAnnotationsError(str(error)) from error
    except ValueError as error:
        raise InvalidAnnotationsError(f"{name} cannot be read ({error}); {_EXPECTED}") from error


def _read_rows(name: str, table: TextTable, most: int) -> AnnotationList:
    by_field = _find_columns(name, table)
    changes = [column for column in table.columns if column.lower() in _CHANGES_OF_FORMULA]
    annotations: list[Annotation] = []
    named = by_field.get("annotation_id", _NAME).lower() == _NAME
    rows = list(_limit(table.rows, most, name))
    times = Counter(cells.get(by_field.get("annotation_id", "")) for _, cells in rows)
    for line, cells in rows:
        fields = {field: cells[column] for field, column in by_field.items() if column in cells}
        if "mz" not in fields and any(column in cells for column in changes):
            raise InvalidAnnotationsError(
                f"line {line} of {name} has a modification or neutral loss but no m/z; expected its m/z"
            )
        converted = _convert(name, line, fields, table.separator)
        if named:
            converted["annotation_id"] = _make_id(converted, times[fields.get("annotation_id")])
        try:
            annotations.append(Annotation.model_validate(converted))
        except ValidationError as error:
            raise InvalidAnnotationsError(
                f"line {line} of {name} is not a valid annotation: {describe_validation_error(error)}"
            ) from error
    return AnnotationList(annotations, _describe_left_out(name, table))


def _describe_left_out(name: str, table: TextTable) -> tuple[str, ...]:
    """One sentence about the columns that are not understood; none where all are."""
    understood = {*_KNOWN, *_CHANGES_OF_FORMULA}
    left_out = [column for column in table.columns if column and column.lower() not in understood]
    if not left_out:
        return ()
    named = ", ".join(f"{column[:40]!a}" for column in left_out[:_MOST_NAMED])
    more = len(left_out) - _MOST_NAMED
    return (
        f"{name!a} has columns that are not understood and were left out: {named}{f' and {more} more' * (more > 0)}",
    )


def _limit(rows: Iterator[tuple[int, dict[str, str]]], most: int, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    for number, row in enumerate(rows, start=1):
        require_at_most(number, most, f"number of annotations in {name}")
        yield row


def _make_id(fields: Mapping[str, Any], times: int) -> str | None:
    """The id of a row: its name, with the m/z where it occurs several times; else its m/z, or formula and adduct."""
    name, mz = fields.get("annotation_id"), fields.get("mz")
    if name is not None:
        return name if times == 1 or mz is None else f"{name} {mz:.4f}"
    if mz is not None:
        return f"mz_{mz:.4f}"  # as for picked peaks
    return None if "formula" not in fields else f"{fields['formula']}{fields.get('adduct', '')}"


def _find_columns(name: str, table: TextTable) -> dict[str, str]:
    """The column of each field that has one.

    Raises
    ------
    InvalidAnnotationsError
        When there is no column of ids, or a column name looks like a misspelt field.
    """
    present = {column.lower(): column for column in table.columns if column}
    found: dict[str, str] = {}
    for field, names in _COLUMNS_OF.items():
        column = next((present[one] for one in names if one in present), None)
        if column is not None:
            found[field] = column
    for lowered, column in present.items():
        similar = get_close_matches(lowered, [one for one in _COLUMNS_OF if one not in found], n=1, cutoff=0.75)
        if similar and lowered not in _KNOWN:
            raise InvalidAnnotationsError(
                f"expected a column {similar[0]!r}, got {column[:100]!r} ({name}, {table.form})"
            )
    if not found.keys() & {"annotation_id", "mz", "formula"}:
        raise InvalidAnnotationsError(
            f"{name}, read as {table.form}, has none of the columns annotation_id, ion, name, mz, m/z and formula;"
            f" {_EXPECTED}"
        )
    return found


def _convert(name: str, line: int, cells: Mapping[str, str], separator: str) -> dict[str, Any]:
    """One row with `mz` and `charge` as numbers; decimal commas are accepted unless the comma is the separator."""
    found: dict[str, Any] = dict(cells)
    conversions: Sequence[tuple[str, Callable[[str], float]]] = (("mz", float), ("charge", int))
    for field, convert in conversions:
        if field not in cells:
            continue
        text = cells[field]
        if separator != "," and _DECIMAL_COMMA.fullmatch(text):
            text = text.replace(",", ".")
        try:
            found[field] = convert(text)
        except ValueError as error:
            raise InvalidAnnotationsError(
                f"expected a number as {field} in line {line} of {name}, got {cells[field][:40]!r}"
            ) from error
    return found
