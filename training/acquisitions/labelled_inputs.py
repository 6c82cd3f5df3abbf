"""Labelled inputs: several folders, label files and imzML files as one labelled set."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.errors import InvalidInputError
from shared.limits import Limits
from shared.progress import ProgressCallback, ignore_progress
from training.acquisitions.imzml import SUFFIX, find_labelled_imzml
from training.acquisitions.reading import read_acquisition
from training.labelled.collection import collect
from training.labelled.labelled_image import Entry, LabelledImage, LeftOut, Reason
from training.labelled.labelled_set import LabelledSet
from training.labelled.layout import holds_labels, read_entries


def load_labelled_inputs(
    paths: Sequence[Path], limits: Limits | None = None, on_progress: ProgressCallback = ignore_progress
) -> LabelledSet:
    """Read the labels of all paths, in any known layout; of an imzML file, and of all in a folder, those next to them.

    The labels of `mouse.imzML` are in `mouse.csv`, with a column `mz`, as the report saves them.

    Raises
    ------
    InvalidInputError
        When a path cannot be read, no image is usable, or two paths hold a dataset of the same name.
    """
    names = [path.resolve().stem if _is_imzml(path) else path.resolve().name for path in paths]
    return collect(", ".join(names), _read_all(paths, limits or Limits(), on_progress))


def _read_all(paths: Sequence[Path], limits: Limits, on_progress: ProgressCallback) -> Iterator[Entry]:
    path_of: dict[str, Path] = {}
    for path in (found for given in paths for found in _find_data(given)):
        for entry in _read_imzml(path, limits) if _is_imzml(path) else read_entries(path, limits, on_progress):
            first = path_of.setdefault(entry.dataset, path)
            if first != path:
                raise InvalidInputError(
                    f"expected datasets with different names, got {entry.dataset!r} in both {first} and {path};"
                    " rename a folder, or give its labels a column dataset"
                )
            yield entry


def _find_data(path: Path) -> list[Path]:
    """The imzML files with labels in a folder, and the folder itself where it has labels of another layout."""
    found = find_labelled_imzml(path) if path.is_dir() else []
    return [*found, path] if not found or holds_labels(path) else found


def _is_imzml(path: Path) -> bool:
    return path.suffix.lower() == SUFFIX


def _read_imzml(path: Path, limits: Limits) -> Iterator[Entry]:
    acquisition = read_acquisition(path, limits)
    rows = zip(acquisition.annotation_ids, acquisition.labels, acquisition.ion_images, strict=True)
    for annotation_id, label, ion_image in rows:
        if label in ("on", "off"):
            yield LabelledImage(acquisition.name, annotation_id, label, ion_image)
        elif label is not None:
            yield LeftOut(acquisition.name, annotation_id, Reason.UNCLEAR, "labelled unclear")
