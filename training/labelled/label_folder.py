"""A label file with the ion images next to it: one dataset, unless the file names several.

The dataset has the name of the folder. A column `dataset` overrides it, row by row; so does `dataset_id`, the
service's column, where it has several values: a single value may be the same in folders that were classified one by
one.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from shared.arrays.array import IonImageArray, is_zarr_folder, open_array
from shared.errors import InvalidInputError, InvalidIonImageError, TooLargeError
from shared.ion_image import IonImage, make_ion_image
from shared.limits import Limits
from training.labelled.gold_standard import read_png
from training.labelled.label_rows import LabelRow, read_label_rows
from training.labelled.labelled_image import LABELS, UNCLEAR, Entry, Label, LabelledImage, LeftOut, Reason

LABEL_FILES = ("labels.csv", "labels.jsonl", "labels.json")
ARRAY_SUFFIXES = (".npz", ".npy", ".zarr", ".h5ad")
IMAGES = "ion_images"
"""Name of an array file, without its suffix, or of a folder."""


def find_label_file(folder: Path) -> Path | None:
    """The label file of a folder, or None."""
    return next((folder / name for name in LABEL_FILES if (folder / name).is_file()), None)


def find_images(label_file: Path) -> Path:
    """Array file or folder: named like the label file, else `ion_images`, else its own folder."""
    folder = label_file.parent
    names = [f"{stem}{suffix}" for stem in (label_file.stem, IMAGES) for suffix in (*ARRAY_SUFFIXES, "")]
    return next((folder / name for name in names if (folder / name).exists()), folder)


def read_label_folder(label_file: Path, limits: Limits) -> Iterator[Entry]:
    """Every row of the label file with its ion image; rows that are unclear or without a label are left out.

    Raises
    ------
    InvalidInputError
        When the label file, or the array file as a whole, cannot be used.
    """
    images = find_images(label_file)
    if images == label_file.parent:
        _require_no_imzml(label_file)
    dataset = label_file.stem if images.stem == label_file.stem else label_file.parent.resolve().name
    labelled: list[tuple[LabelRow, Label]] = []
    for row in _name_datasets(read_label_rows(label_file)):
        label = LABELS.get(row.label)
        if label is None:
            yield _leave_out(row, row.dataset or dataset)
        else:
            labelled.append((row, label))
    read = _read_array if images.is_file() or is_zarr_folder(images) else _read_pngs
    yield from read(images, labelled, dataset, limits)


def _require_no_imzml(label_file: Path) -> None:
    """Reject `labels.csv`, as reports save it, beside an imzML file, whose labels are expected under its own name."""
    folder = label_file.parent
    imzml = next((path for path in sorted(folder.iterdir()) if path.suffix.lower() == ".imzml"), None)
    if imzml is not None and not any(folder.glob("*.png")):
        raise InvalidInputError(
            f"expected the labels of {imzml} in {imzml.with_suffix('.csv').name}, got {label_file.name}; rename it"
        )


def _name_datasets(rows: list[LabelRow]) -> list[LabelRow]:
    """Rows with their dataset; None = the dataset of the folder."""
    if len({row.served_as for row in rows} - {None}) < 2:
        return rows
    return [replace(row, dataset=row.dataset or row.served_as) for row in rows]


def _leave_out(row: LabelRow, dataset: str) -> LeftOut:
    if row.label == UNCLEAR:
        return LeftOut(dataset, row.annotation_id, Reason.UNCLEAR, "labelled unclear")
    detail = f"expected label on, off or unclear, got {row.label[:40]!r}"
    return LeftOut(dataset, row.annotation_id, Reason.UNLABELLED, detail)


def _read_pngs(folder: Path, labelled: list[tuple[LabelRow, Label]], dataset: str, limits: Limits) -> Iterator[Entry]:
    for row, label in labelled:
        name = row.annotation_id if row.annotation_id.lower().endswith(".png") else f"{row.annotation_id}.png"
        if Path(name).name != name:
            detail = "expected a file next to the label file, got a path to another folder"
            yield LeftOut(row.dataset or dataset, row.annotation_id, Reason.UNREADABLE, detail)
        else:
            yield read_png(folder / name, row.dataset or dataset, row.annotation_id, label, limits)


def _read_array(path: Path, labelled: list[tuple[LabelRow, Label]], dataset: str, limits: Limits) -> Iterator[Entry]:
    """In the order of the array; rows without an image come last."""
    array = open_array(path, limits)
    wanted: defaultdict[tuple[bool, str], list[tuple[LabelRow, Label]]] = defaultdict(list)
    for row, label in labelled:
        wanted[row.by_index, row.annotation_id].append((row, label))
    reason = f"{path.name} has no such image"
    try:
        for index, name, found in _read_rows(array):
            for row, label in (*wanted.pop((True, str(index)), ()), *wanted.pop((False, name), ())):
                named = row.dataset or dataset
                if isinstance(found, str):
                    yield LeftOut(named, row.annotation_id, Reason.UNREADABLE, found)
                else:
                    yield LabelledImage(named, row.annotation_id, label, found)
    except (InvalidIonImageError, TooLargeError) as error:  # the file is truncated or corrupt: keep what was read
        reason = str(error)
    for rows in wanted.values():
        for row, _ in rows:
            yield LeftOut(row.dataset or dataset, row.annotation_id, Reason.UNREADABLE, reason)


def _read_rows(array: IonImageArray) -> Iterator[tuple[int, str, IonImage | str]]:
    """Index, id (the index where the file has no ids), and the image or an error message."""
    for index, (pixels, mask) in enumerate(array.rows()):
        name = str(index) if array.annotation_ids is None else array.annotation_ids[index]
        try:
            ion_image = make_ion_image(pixels, mask)
        except InvalidIonImageError as error:
            yield index, name, str(error)
        else:
            yield index, name, ion_image
