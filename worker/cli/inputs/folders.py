"""The datasets in a folder."""

from pathlib import Path

from shared.arrays.array import ARRAY_SUFFIXES, is_zarr_folder
from worker.sources.image_template import PNG_SUFFIX

IMZML_SUFFIX = ".imzml"


def find_in_folder(folder: Path) -> list[Path]:
    """The folder itself if it has PNG files and no imzML; otherwise the imzML and array files in it and its subfolders.

    PNG files next to imzML files are assumed to be slide images or galleries, and skipped. The search goes one level
    deep. Empty when there is no dataset.
    """
    found = _find_directly_in(folder)
    if found == [folder]:
        return found
    inner = [entry for entry in _entries(folder) if entry.is_dir() and entry not in found]
    return found + [dataset for entry in inner for dataset in _find_directly_in(entry)]


def _find_directly_in(folder: Path) -> list[Path]:
    entries = _entries(folder)
    imzml = [entry for entry in entries if entry.suffix.lower() == IMZML_SUFFIX and entry.is_file()]
    if not imzml and any(entry.suffix.lower() == PNG_SUFFIX for entry in entries):
        return [folder]
    arrays = [entry for entry in entries if _is_array(entry)]
    return sorted(imzml + arrays)


def _is_array(entry: Path) -> bool:
    return is_zarr_folder(entry) if entry.is_dir() else entry.suffix.lower() in ARRAY_SUFFIXES


def _entries(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
