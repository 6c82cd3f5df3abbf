"""The gold-standard layout: `[GS/][raw_images/]<dataset>/{on,off}/<ion>.png`.

This is the layout of `GS.tar.gz` in release 0.2 of metaspace2020/offsample; the older `neg` and `pos` are read too.
"""

from collections.abc import Iterator
from pathlib import Path

from shared.errors import InvalidIonImageError, TooLargeError
from shared.limits import Limits
from shared.png.image import decode_png
from shared.progress import ProgressCallback, follow, ignore_progress
from training.labelled.labelled_image import LABELS, UNCLEAR, Entry, Label, LabelledImage, LeftOut, Reason

_SUFFIX = ".png"
_INNER = ("", "raw_images", "GS", "GS/raw_images")
"""Where the dataset folders may be below the given path."""


def find_gold_standard(path: Path) -> Path | None:
    """The folder that holds the datasets' folders, or None when `path` has another layout."""
    candidates = (path / inner for inner in _INNER)
    return next((folder for folder in candidates if any(_class_folders(one) for one in _folders(folder))), None)


def read_gold_standard(root: Path, limits: Limits, on_progress: ProgressCallback = ignore_progress) -> Iterator[Entry]:
    """Every file of every dataset, sorted by name; hidden files (`.DS_Store`) are ignored."""
    datasets = _folders(root)
    for dataset in follow(datasets, "reading datasets", len(datasets), on_progress):
        for folder in _folders(dataset):
            label = LABELS.get(folder.name.lower())
            for path in sorted(folder.iterdir()):
                if not path.name.startswith("."):
                    yield _read_one(path, dataset.name, folder.name, label, limits)


def _read_one(path: Path, dataset: str, class_name: str, label: Label | None, limits: Limits) -> Entry:
    if label is None:
        reason = Reason.UNCLEAR if class_name.lower() == UNCLEAR else Reason.UNLABELLED
        return LeftOut(dataset, path.stem, reason, f"expected a folder named {', '.join(LABELS)}, got {class_name!r}")
    return read_png(path, dataset, path.stem, label, limits)


def read_png(path: Path, dataset: str, annotation_id: str, label: Label, limits: Limits) -> Entry:
    """Read one file; an unreadable one is left out with the message of the decoder."""
    if path.suffix.lower() != _SUFFIX:
        return LeftOut(dataset, annotation_id, Reason.UNREADABLE, f"expected a .png file, got {path.name!r}")
    try:
        if path.stat().st_size > limits.image_file_bytes:
            return LeftOut(
                dataset, annotation_id, Reason.UNREADABLE, f"{path.name!r} is larger than the limit for an image"
            )
        ion_image = decode_png(path.read_bytes(), limits)
    except (InvalidIonImageError, TooLargeError) as error:
        return LeftOut(dataset, annotation_id, Reason.UNREADABLE, str(error))
    except OSError as error:
        return LeftOut(dataset, annotation_id, Reason.UNREADABLE, f"cannot be read ({error.strerror})")
    return LabelledImage(dataset, annotation_id, label, ion_image)


def _class_folders(dataset: Path) -> list[Path]:
    return [folder for folder in _folders(dataset) if folder.name.lower() in LABELS]


def _folders(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    return sorted(child for child in path.iterdir() if child.is_dir() and not child.name.startswith("."))
