"""Reading acquisitions: folders with ion images and, where there are any, labels and regions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shared.array import is_zarr_folder, open_array
from shared.errors import InvalidInputError, InvalidIonImageError
from shared.ion_image import IonImage, make_ion_image
from shared.limits import Limits, require_at_most
from shared.png import decode_png
from training.acquisitions.acquisition import Acquisition, AcquisitionLabel, AreaTruth, Regions
from training.acquisitions.regions import MASK_FILE, read_regions
from training.labelled.gold_standard import find_gold_standard
from training.labelled.label_folder import find_label_file
from training.labelled.label_rows import LabelRow, read_label_rows
from training.labelled.labelled_image import LABELS, UNCLEAR
from training.synthetic.scene import LEAST_OFF_SAMPLE_SHARE

ARRAY_NAMES = ("ion_images.npz", "ion_images.npy", "ion_images.zarr", "ion_images.h5ad")
LAYOUT = (
    f"a folder with {ARRAY_NAMES[0]} (or .npy, .zarr, .h5ad), with PNG files, or with {{on,off}}/<ion>.png;"
    " or a folder of such folders"
)
"""What may lie below a path; labels and regions lie beside the images."""


@dataclass(frozen=True, eq=False)
class _Stack:
    """Ion images of one size, with what names them."""

    ion_images: list[IonImage]
    annotation_ids: list[str]
    mz: npt.NDArray[np.float64] | None = None
    labels: list[AcquisitionLabel | None] | None = None
    """Where the layout itself says them."""


def read_acquisitions(path: Path, limits: Limits | None = None) -> Iterator[Acquisition]:
    """The acquisition in a folder, or those in its folders, one after the other.

    Raises
    ------
    InvalidInputError
        When nothing is there, no folder holds ion images, or one of them cannot be read.
    """
    if not path.is_dir():
        raise InvalidInputError(f"{path} is no folder; expected {LAYOUT}")
    root = find_gold_standard(path) or path
    folders = [path] if _holds_images(path) else [folder for folder in _folders(root) if _holds_images(folder)]
    if not folders:
        raise InvalidInputError(f"{path} holds no ion images; expected {LAYOUT}")
    return (read_acquisition(folder, limits) for folder in folders)


def read_acquisition(
    folder: Path,
    limits: Limits | None = None,
    *,
    series: str | None = None,
    off_sample_area: AreaTruth | None = None,
) -> Acquisition:
    """One folder's ion images with their labels and regions.

    Parameters
    ----------
    series
        The folder's name when None: a series of its own.
    off_sample_area
        Taken from regions and labels when None: present where one of them shows some, absent where the regions leave
        none, else unknown.

    Raises
    ------
    InvalidInputError
        When the images are missing, unreadable or of different sizes, or labels or regions do not fit them.
    """
    limits = limits or Limits()
    stack = _read_stack(folder, limits)
    mask = np.logical_or.reduce([image.acquisition_mask for image in stack.ion_images])
    labels = tuple(_read_labels(folder, stack))
    regions = read_regions(folder, mask, limits)
    name = folder.resolve().name
    found = Acquisition(
        name=name,
        series=series or name,
        images=np.stack([image.intensities for image in stack.ion_images]),
        acquisition_mask=mask,
        annotation_ids=tuple(stack.annotation_ids),
        mz=stack.mz,
        labels=labels,
        regions=regions,
        off_sample_area="unknown",
    )
    return replace(found, off_sample_area=off_sample_area or _find_area(found, regions))


def _find_area(acquisition: Acquisition, regions: Regions | None) -> AreaTruth:
    if "off" in acquisition.labels:
        return "present"
    if regions is None:
        return "unknown"
    if regions.off_sample.sum() >= LEAST_OFF_SAMPLE_SHARE * acquisition.acquisition_mask.sum():
        return "present"
    others = 1 - regions.sample.sum() / acquisition.acquisition_mask.sum()
    return "absent" if others < LEAST_OFF_SAMPLE_SHARE else "unknown"


def _holds_images(folder: Path) -> bool:
    return _find_array(folder) is not None or bool(_png_files(folder)) or bool(_class_folders(folder))


def _read_stack(folder: Path, limits: Limits) -> _Stack:
    array = _find_array(folder)
    if array is not None:
        stack = _read_array(array, limits)
    elif _png_files(folder):
        files = _png_files(folder)
        stack = _Stack([_read_png(path, limits) for path in files], [path.stem for path in files])
    else:
        stack = _read_class_folders(folder, limits)
    if not stack.ion_images:
        raise InvalidInputError(f"{folder} holds no ion images; expected {LAYOUT}")
    shapes = sorted({image.shape for image in stack.ion_images})
    if len(shapes) > 1:
        raise InvalidInputError(
            f"the ion images of {folder.name} have sizes {shapes[0]} and {shapes[1]}; expected one size an acquisition"
        )
    return stack


def _read_array(path: Path, limits: Limits) -> _Stack:
    array = open_array(path, limits)
    ion_images = [make_ion_image(pixels, mask) for pixels, mask in array.rows()]
    ids = array.annotation_ids or [str(row) for row in range(len(ion_images))]
    return _Stack(ion_images, ids, None if array.mz is None else np.asarray(array.mz, dtype=np.float64))


def _read_png(path: Path, limits: Limits) -> IonImage:
    require_at_most(path.stat().st_size, limits.image_file_bytes, f"size of {path.name} in bytes")
    try:
        return decode_png(path.read_bytes(), limits)
    except InvalidIonImageError as error:
        raise InvalidIonImageError(f"{path.parent.name}/{path.name}: {error}") from error


def _read_class_folders(folder: Path, limits: Limits) -> _Stack:
    """The gold standard's layout: the folder that an image lies in is its label."""
    ion_images, ids, labels = [], [], list[AcquisitionLabel | None]()
    for class_folder in _class_folders(folder):
        for path in _png_files(class_folder):
            ion_images.append(_read_png(path, limits))
            ids.append(path.stem)
            labels.append(LABELS[class_folder.name.lower()])
    return _Stack(ion_images, ids, labels=labels)


def _read_labels(folder: Path, stack: _Stack) -> list[AcquisitionLabel | None]:
    """One for every image; None where nobody gave any.

    Raises
    ------
    InvalidInputError
        When a row names no image, or two rows contradict each other.
    """
    if stack.labels is not None:
        return stack.labels
    label_file = find_label_file(folder)
    labels: list[AcquisitionLabel | None] = [None] * len(stack.ion_images)
    if label_file is None:
        return labels
    place_of = {annotation_id: place for place, annotation_id in enumerate(stack.annotation_ids)}
    for row in read_label_rows(label_file):
        place = _find_place(row, place_of, len(labels), label_file)
        label = _read_label(row)
        if labels[place] not in (None, label):
            raise InvalidInputError(f"{label_file.name} labels {row.annotation_id!r} twice; expected one label an ion")
        labels[place] = label
    return labels


def _find_place(row: LabelRow, place_of: dict[str, int], images: int, label_file: Path) -> int:
    name = row.annotation_id
    if row.by_index:
        place = int(name) if name.isascii() and name.isdigit() else images
    else:
        place = place_of.get(name, place_of.get(Path(name).stem, images))
    if place >= images:
        raise InvalidInputError(
            f"{label_file.name} names {name!r}; expected one of the {images:,} ion images beside it"
        )
    return place


def _read_label(row: LabelRow) -> AcquisitionLabel | None:
    return "unclear" if row.label == UNCLEAR else LABELS.get(row.label)


def _find_array(folder: Path) -> Path | None:
    paths = (folder / name for name in ARRAY_NAMES)
    return next((path for path in paths if path.is_file() or (path.is_dir() and is_zarr_folder(path))), None)


def _png_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.png") if path.name != MASK_FILE and not path.name.startswith("."))


def _class_folders(folder: Path) -> list[Path]:
    return [child for child in _folders(folder) if child.name.lower() in LABELS]


def _folders(path: Path) -> list[Path]:
    return sorted(child for child in path.iterdir() if child.is_dir() and not child.name.startswith("."))
