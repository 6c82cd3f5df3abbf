"""The files that a command writes for each of its datasets."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from worker.cli.outputs.output_path import require_output
from worker.cli.outputs.row_files import ROW_SUFFIXES

ANNDATA_SUFFIX = ".h5ad"


@dataclass(frozen=True)
class DatasetFiles:
    """What to write about one dataset besides its rows; None = nothing."""

    gallery: Path | None = None
    report: Path | None = None
    anndata: Path | None = None


def choose_files(
    dataset_ids: Sequence[str], gallery: Path | None = None, report: Path | None = None, output: Path | None = None
) -> list[DatasetFiles]:
    """The files of each dataset; with several datasets, their names are appended to the files' names.

    Raises
    ------
    InvalidInputError
        When the gallery is not a .png file, the report not an .html file, or the output of no kind that can be
        written; or when a folder does not exist or cannot be written to.
    """
    galleries = _name_files(gallery, "--gallery", (".png",), dataset_ids)
    reports = _name_files(report, "--report", (".html", ".htm"), dataset_ids)
    outputs = _name_files(output, "--output", (ANNDATA_SUFFIX, *ROW_SUFFIXES), dataset_ids)
    of_rows = output is not None and output.suffix.lower() != ANNDATA_SUFFIX
    anndata = [None] * len(dataset_ids) if of_rows else outputs
    return [DatasetFiles(*files) for files in zip(galleries, reports, anndata, strict=True)]


def _name_files(
    path: Path | None, option: str, suffixes: Sequence[str], dataset_ids: Sequence[str]
) -> Sequence[Path | None]:
    if path is None:
        return [None] * len(dataset_ids)
    require_output(path, option, suffixes)
    if len(dataset_ids) < 2:
        return [path] * len(dataset_ids)
    names = [re.sub(r"[^\w.()+-]+", "_", dataset_id) for dataset_id in dataset_ids]
    unique = [name if names.count(name) == 1 else f"{name}_{number}" for number, name in enumerate(names, start=1)]
    return [path.with_name(f"{path.stem}_{name}{path.suffix}") for name in unique]
