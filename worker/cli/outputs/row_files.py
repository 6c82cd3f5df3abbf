"""Result rows of one or more datasets as a file: CSV, JSON lines or Parquet."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from shared.errors import ConfigurationError, InvalidInputError
from shared.files.whole_file import write_whole
from worker.cli.outputs.row_format import COLUMNS, DatasetRows, make_lines, write_csv

ROW_SUFFIXES: Final = (".csv", ".json", ".jsonl", ".parquet")


def save_rows(path: Path, datasets: Sequence[DatasetRows]) -> None:
    """Write all rows to one file of the kind that its suffix names; the columns are those of `--format csv`.

    Raises
    ------
    InvalidInputError
        When the file cannot be written.
    ConfigurationError
        When a package that it needs is not installed.
    """
    lines = [line for dataset in datasets for line in make_lines(dataset)]
    try:
        with write_whole(path) as partial:
            if path.suffix.lower() == ".parquet":
                _write_parquet(partial, lines)
                return
            with partial.open("w", encoding="utf-8", newline="") as stream:
                if path.suffix.lower() == ".csv":
                    write_csv(lines, stream)
                else:
                    stream.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    except OSError as error:
        raise InvalidInputError(f"cannot write {path}: {error.strerror or error}") from error


def _write_parquet(path: Path, lines: Sequence[dict[str, object]]) -> None:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError(
            ".parquet files need pyarrow, which is not installed; install it with pip install 'offsample[parquet]'"
        ) from error
    types = {bool: pa.bool_(), float: pa.float64(), str: pa.string(), list: pa.list_(pa.string())}
    schema = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    parquet.write_table(pa.Table.from_pylist(list(lines), schema=schema), path)
