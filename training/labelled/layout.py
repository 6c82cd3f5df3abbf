"""Layouts: detects the layout of a path, and reads the labelled images in it."""

from collections.abc import Iterator
from pathlib import Path

from shared.errors import InvalidInputError
from shared.limits import Limits
from shared.progress import ProgressCallback, follow, ignore_progress
from training.labelled.gold_standard import find_gold_standard, read_gold_standard
from training.labelled.label_folder import LABEL_FILES, find_label_file, read_label_folder
from training.labelled.labelled_image import Entry

_LABEL_SUFFIXES = (".csv", ".jsonl", ".json")

LAYOUTS = (
    "a folder of <dataset>/{on,off}/<ion>.png (also inside GS/ or raw_images/),"
    f" a folder (or one folder per dataset) with {' or '.join(LABEL_FILES)} next to PNG files or ion_images.npz"
    " (or .npy, .zarr, .h5ad), such a label file itself, an .imzML file with NAME.csv, its labels by m/z, next to it,"
    " or a folder of such files"
)


def read_entries(path: Path, limits: Limits, on_progress: ProgressCallback = ignore_progress) -> Iterator[Entry]:
    """Every labelled image of a path, and what was left out, before duplicates are found."""
    if not path.exists():
        raise InvalidInputError(f"expected {LAYOUTS}; {path} does not exist")
    gold_standard = find_gold_standard(path)
    if gold_standard is not None:
        return read_gold_standard(gold_standard, limits, on_progress)
    label_files = _find_label_files(path)
    if not label_files:
        raise InvalidInputError(f"expected {LAYOUTS}; {path} has another layout")
    followed = follow(label_files, "reading datasets", len(label_files), on_progress)
    return (entry for label_file in followed for entry in read_label_folder(label_file, limits))


def holds_labels(path: Path) -> bool:
    """Whether a path has a layout that `read_entries` reads."""
    return find_gold_standard(path) is not None or bool(_find_label_files(path))


def _find_label_files(path: Path) -> list[Path]:
    """The file itself, the label file of the folder, or those of its subfolders."""
    if path.is_file():
        return [path] if path.suffix.lower() in _LABEL_SUFFIXES else []
    own = find_label_file(path)
    if own is not None:
        return [own]
    found = (find_label_file(folder) for folder in sorted(path.iterdir()) if folder.is_dir())
    return [label_file for label_file in found if label_file is not None]
