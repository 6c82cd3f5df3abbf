"""The first sheet of an .xlsx workbook as a table."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any, Final

from shared.errors import ConfigurationError, InvalidInputError
from shared.files.table_file import SPREADSHEET, TextTable, require_different

_MOST_BYTES: Final = 2**26
"""Of the decompressed workbook."""


def read_spreadsheet(content: bytes, name: str, known: Sequence[str]) -> TextTable:
    """Read the first sheet; its header is the first row with a known column.

    Parameters
    ----------
    known
        Expected columns, in lower case.

    Raises
    ------
    InvalidInputError
        When it is no workbook, is too large, has no such row, or has a column twice.
    ConfigurationError
        When openpyxl is not installed.
    """
    try:
        from openpyxl import load_workbook  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError(
            f"{name} needs openpyxl, which is not installed; install it with pip install 'offsample[xlsx]'"
        ) from error
    _require_small(content, name)
    try:
        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
        rows = enumerate(_read_texts(sheet), start=1)
        columns = next((cells for _, cells in rows if any(cell.lower() in known for cell in cells)), None)
    except InvalidInputError:
        raise
    except Exception as error:  # openpyxl's errors share no base class
        raise InvalidInputError(f"{name} cannot be read as an .xlsx workbook ({error})") from error
    if columns is None:
        raise InvalidInputError(f"{name} has no row with a known column; expected {', '.join(known[:4])} or others")
    require_different(columns, name)
    return TextTable(columns, SPREADSHEET, _pair(rows, columns))


def _require_small(content: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(one.file_size for one in archive.infolist())
    except zipfile.BadZipFile as error:
        raise InvalidInputError(f"{name} is not an .xlsx workbook; expected one, or a text table") from error
    if size > _MOST_BYTES:
        raise InvalidInputError(f"{name} holds {size:,} bytes; expected at most {_MOST_BYTES:,}")


def _read_texts(sheet: Any) -> Iterator[list[str]]:
    for cells in sheet.iter_rows(values_only=True):
        yield ["" if cell is None else str(cell).strip() for cell in cells]


def _pair(rows: Iterator[tuple[int, list[str]]], columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    for number, cells in rows:
        row = {column: cell for column, cell in zip(columns, cells, strict=False) if column and cell}
        if row:
            yield number, row
