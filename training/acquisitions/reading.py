"""Reading acquisitions: folders with ion images and, optionally, labels and regions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shared.arrays.array import is_zarr_folder, open_array
from shared.errors import InvalidInputError, InvalidIonImageError
from shared.ion_image import IonImage, make_ion_image
from shared.limits import Limits, require_at_most
from shared.png.image import decode_png
from training.acquisitions.acquisition import Acquisition, AcquisitionLabel, AreaTruth, Regions
from training.acquisitions.imzml import SUFFIX, find_labelled_imzml, labels_beside, read_ions
from training.acquisitions.ion_labels import IonLabels, LabelSource, match_labels, read_ion_labels
from training.acquisitions.regions import MASK_FILE, read_regions
from training.labelled.gold_standard import find_gold_standard
from training.labelled.label_folder import ARRAY_SUFFIXES, IMAGES, find_label_file
from training.labelled.labelled_image import LABELS
from training.synthetic.scenes.scene import LEAST_OFF_SAMPLE_SHARE

ARRAY_NAMES = tuple(f"{IMAGES}{suffix}" for suffix in ARRAY_SUFFIXES)
LAYOUT = (
    f"a folder with {ARRAY_NAMES[0]} (or .npy, .zarr, .h5ad), with PNG files, or with {{on,off}}/<ion>.png;"
    " a folder of such folders; or an .imzML file with labels by m/z next to it, or a folder of such files"
)
"""Accepted layouts below a path; labels and regions are next to the images."""


@dataclass(frozen=True, eq=False)
class _Stack:
    """Ion images of one size with their ids."""

    ion_images: list[IonImage]
    annotation_ids: list[str]
    mz: npt.NDArray[np.float64] | None = None
    labels: list[AcquisitionLabel | None] | None = None
    """Where the layout itself contains them."""


def find_acquisitions(path: Path) -> list[Path]:
    """The folder or imzML file itself, or what is in it: folders that hold ion images, imzML files with labels.

    Raises
    ------
    InvalidInputError
        When the path does not exist, or nothing in it is an acquisition.
    """
    if path.is_file() and path.suffix.lower() == SUFFIX:
        return [path]
    if not path.is_dir():
        raise InvalidInputError(f"expected {LAYOUT}; found no folder {path}")
    root = find_gold_standard(path) or path
    if _holds_images(path):
        return [path]
    found = [folder for folder in _folders(root) if _holds_images(folder)] + find_labelled_imzml(path)
    if not found:
        raise InvalidInputError(f"expected {LAYOUT}; found no ion images in {path}")
    return found


def read_acquisitions(path: Path, limits: Limits | None = None, labels: Path | None = None) -> Iterator[Acquisition]:
    """Read the acquisitions that `find_acquisitions` finds, one by one.

    Parameters
    ----------
    labels
        A label file that `read_ion_labels` can read, or a folder of such files, each named like its acquisition. The
        file next to the images when None.

    Raises
    ------
    InvalidInputError
        When the path does not exist, no folder holds ion images, or one of them cannot be read.
    """
    return (read_acquisition(found, limits, labels=labels) for found in find_acquisitions(path))


def read_acquisition(
    folder: Path,
    limits: Limits | None = None,
    *,
    labels: Path | None = None,
    series: str | None = None,
    off_sample_area: AreaTruth | None = None,
) -> Acquisition:
    """The ion images of one folder, or of one imzML file, with their labels and regions.

    Parameters
    ----------
    labels
        As in `read_acquisitions`. An imzML file needs labels that name their ions by m/z.
    series
        The folder's name when None: a series of its own.
    off_sample_area
        Derived from regions and people's labels when None: present where one of them shows some, absent where the
        regions leave none, else unknown.

    Raises
    ------
    InvalidInputError
        When the images are missing, unreadable or of different sizes, or labels or regions do not fit them.
    """
    limits = limits or Limits()
    name = folder.resolve().name if folder.is_dir() else folder.stem
    label_file = _find_labels(folder, name, labels)
    found_labels = None if label_file is None else read_ion_labels(label_file)
    stack = _read_stack(folder, found_labels, limits)
    mask = np.logical_or.reduce([image.acquisition_mask for image in stack.ion_images])
    regions = read_regions(folder if folder.is_dir() else folder.parent, mask, limits)
    found = Acquisition(
        name=name,
        series=series or name,
        images=np.stack([image.intensities for image in stack.ion_images]),
        acquisition_mask=mask,
        annotation_ids=tuple(stack.annotation_ids),
        mz=stack.mz,
        labels=tuple(_match_labels(found_labels, stack, name)),
        regions=regions,
        off_sample_area="unknown",
        labelled_by=str(LabelSource.PEOPLE if found_labels is None else found_labels.source),
    )
    return replace(found, off_sample_area=off_sample_area or _find_area(found, regions))


def _find_labels(folder: Path, name: str, labels: Path | None) -> Path | None:
    """The given label file, the one in the given folder, or the one next to the images."""
    if labels is None:
        return find_label_file(folder) if folder.is_dir() else _existing(labels_beside(folder))
    return _existing(labels / f"{name}.csv") if labels.is_dir() else labels


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None


def _match_labels(found: IonLabels | None, stack: _Stack, name: str) -> list[AcquisitionLabel | None]:
    if stack.labels is not None:
        return stack.labels
    if found is None:
        return [None] * len(stack.ion_images)
    return match_labels(found, stack.annotation_ids, stack.mz, f"the label file of {name}", name)


def _find_area(acquisition: Acquisition, regions: Regions | None) -> AreaTruth:
    if "off" in acquisition.labels and acquisition.labelled_by != LabelSource.METASPACE:
        return "present"
    if regions is None:
        return "unknown"
    if regions.off_sample.sum() >= LEAST_OFF_SAMPLE_SHARE * acquisition.acquisition_mask.sum():
        return "present"
    not_sample = 1 - regions.sample.sum() / acquisition.acquisition_mask.sum()
    return "absent" if not_sample < LEAST_OFF_SAMPLE_SHARE else "unknown"


def _holds_images(folder: Path) -> bool:
    return _find_array(folder) is not None or bool(_png_files(folder)) or bool(_class_folders(folder))


def _read_stack(folder: Path, labels: IonLabels | None, limits: Limits) -> _Stack:
    if folder.is_file():
        return _read_imzml(folder, labels, limits)
    array = _find_array(folder)
    if array is not None:
        stack = _read_array(array, limits)
    elif _png_files(folder):
        files = _png_files(folder)
        stack = _Stack([_read_png(path, limits) for path in files], [path.stem for path in files])
    else:
        stack = _read_class_folders(folder, limits)
    if not stack.ion_images:
        raise InvalidInputError(f"expected {LAYOUT}; found no ion images in {folder}")
    shapes = sorted({image.shape for image in stack.ion_images})
    if len(shapes) > 1:
        raise InvalidInputError(
            f"expected ion images of one size in {folder.name}, got sizes {shapes[0]} and {shapes[1]}"
        )
    return stack


def _read_array(path: Path, limits: Limits) -> _Stack:
    array = open_array(path, limits)
    ion_images = [make_ion_image(pixels, mask) for pixels, mask in array.rows()]
    ids = array.annotation_ids or [str(row) for row in range(len(ion_images))]
    return _Stack(ion_images, ids, None if array.mz is None else np.asarray(array.mz, dtype=np.float64))


def _read_imzml(path: Path, labels: IonLabels | None, limits: Limits) -> _Stack:
    if labels is None:
        raise InvalidInputError(f"expected a label file with m/z for {path.name}, found none")
    ion_images, mz = read_ions(path, labels, limits)
    return _Stack(ion_images, [f"mz_{one:.7f}" for one in mz], mz)


def _read_png(path: Path, limits: Limits) -> IonImage:
    require_at_most(path.stat().st_size, limits.image_file_bytes, f"size of {path.name} in bytes")
    try:
        return decode_png(path.read_bytes(), limits)
    except InvalidIonImageError as error:
        raise InvalidIonImageError(f"{path.parent.name}/{path.name}: {error}") from error


def _read_class_folders(folder: Path, limits: Limits) -> _Stack:
    """The layout of the gold standard: the name of an image's folder is its label."""
    ion_images, ids, labels = [], [], list[AcquisitionLabel | None]()
    for class_folder in _class_folders(folder):
        for path in _png_files(class_folder):
            ion_images.append(_read_png(path, limits))
            ids.append(path.stem)
            labels.append(LABELS[class_folder.name.lower()])
    return _Stack(ion_images, ids, labels=labels)


def _find_array(folder: Path) -> Path | None:
    paths = (folder / name for name in ARRAY_NAMES)
    return next((path for path in paths if path.is_file() or (path.is_dir() and is_zarr_folder(path))), None)


def _png_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.png") if path.name != MASK_FILE and not path.name.startswith("."))


def _class_folders(folder: Path) -> list[Path]:
    return [child for child in _folders(folder) if child.name.lower() in LABELS]


def _folders(path: Path) -> list[Path]:
    return sorted(child for child in path.iterdir() if child.is_dir() and not child.name.startswith("."))
