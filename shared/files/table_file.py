"""Text tables (CSV and TSV) as programs and spreadsheets write them."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from shared.errors import InvalidInputError

_SEPARATORS: Final = (",", ";", "\t")
_SEPARATOR_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}
SPREADSHEET: Final = ""
"""The separator of a spreadsheet, which has none."""
_MAX_LINE_LENGTH: Final = 2**20
"""Characters of one line; parsing a very long one takes far more memory than it has bytes."""
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class TextTable:
    """A header, and rows with at most as many cells."""

    columns: list[str]
    """Stripped names; "" where a column has none."""
    separator: str
    rows: Iterator[tuple[int, dict[str, str]]]
    """Line number, from 1, and the cells that are not empty, by column. Read lazily."""

    @property
    def form(self) -> str:
        """How it was read, in words, for messages."""
        return "a spreadsheet" if self.separator == SPREADSHEET else f"separated by {_SEPARATOR_NAMES[self.separator]}"


def decode_text(content: bytes, name: str) -> str:
    """Text in UTF-8, with or without a byte order mark, or in UTF-16 with one.

    Raises
    ------
    InvalidInputError
        When it is in another encoding.
    """
    mark, encoding = next(
        ((mark, found) for mark, found in _BYTE_ORDER_MARKS if content.startswith(mark)), (b"", "utf-8")
    )
    try:
        return content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"expected {name} in the encoding UTF-8 (or UTF-16 with a byte order mark), got bytes that are neither"
        ) from error


def read_table(content: bytes, name: str, known: Sequence[str]) -> TextTable:
    """Read a table whose cells are separated by commas, semicolons or tabs, as its header shows.

    Lines before the header that are empty, begin with `#` (from METASPACE) or `sep=` (from Excel) are skipped, and so
    are empty rows.

    Parameters
    ----------
    known
        Expected columns, in lower case, by which the separator is found.

    Raises
    ------
    InvalidInputError
        When it is in another encoding, has no header, a column twice, a row that is longer than the header, or is not
        a table; also while rows are read.
    """
    lines = enumerate(_split_lines(decode_text(content, name), name), start=1)
    header = next(((number, line) for number, line in lines if not _precedes_header(line)), None)
    if header is None:
        raise InvalidInputError(f"{name} is empty; expected a line that names its columns")
    separator = _find_separator(header[1], known)
    columns = [cell.strip() for cell in next(csv.reader([header[1]], delimiter=separator), [])]
    require_different(columns, name)
    return TextTable(columns, separator, _read_rows(lines, columns, separator, name))


def require_different(columns: Sequence[str], name: str) -> None:
    """Refuse a header with a column twice; raises `InvalidInputError`."""
    named = [column for column in columns if column]
    if len(set(named)) != len(named):
        twice = next(column for column in named if named.count(column) > 1)
        raise InvalidInputError(f"{name} has the column {twice[:100]!r} twice; expected different names")


def _split_lines(text: str, name: str) -> Iterator[str]:
    for line in io.StringIO(text, newline=""):
        if len(line) > _MAX_LINE_LENGTH:
            raise InvalidInputError(
                f"{name} has a line of {len(line):,} characters; expected at most {_MAX_LINE_LENGTH:,}"
            )
        yield line


def _precedes_header(line: str) -> bool:
    start = line.strip().lstrip('"').lower()
    return not start.strip('",;\t ') or start.startswith(("#", "sep="))


def _find_separator(header: str, known: Sequence[str]) -> str:
    """The separator that finds most known columns; of several, the one that yields most cells."""

    def count(separator: str) -> tuple[int, int]:
        cells = next(csv.reader([header], delimiter=separator), [])
        return sum(cell.strip().lower() in known for cell in cells), len(cells)

    return max(_SEPARATORS, key=count)


def _read_rows(
    lines: Iterator[tuple[int, str]], columns: Sequence[str], separator: str, name: str
) -> Iterator[tuple[int, dict[str, str]]]:
    reached = 0

    def count_lines() -> Iterator[str]:
        nonlocal reached
        for number, line in lines:
            reached = number
            yield line

    try:
        for cells in csv.reader(count_lines(), delimiter=separator, strict=True):
            found = [cell.strip() for cell in cells]
            if any(found[len(columns) :]):
                raise InvalidInputError(
                    f"line {reached} of {name} has {len(found)} cells separated by {_SEPARATOR_NAMES[separator]};"
                    f" expected {len(columns)}, as in its header"
                )
            row = {column: cell for column, cell in zip(columns, found, strict=False) if column and cell}
            if any(found):
                yield reached, row
    except csv.Error as error:
        raise InvalidInputError(f"line {reached} of {name} is not a valid row ({error}); expected CSV") from error
