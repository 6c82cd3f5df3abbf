"""An imzML file as an acquisition: its ions are those with an m/z in a label file."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidInputError
from shared.imzml.dataset import open_imzml
from shared.ion_image import IonImage, make_ion_image
from shared.limits import Limits
from training.acquisitions.ion_labels import MATCHING_PPM, IonLabels

SUFFIX = ".imzml"


def find_labelled_imzml(folder: Path) -> list[Path]:
    """The imzML files in a folder, and in the folders in it, that have labels next to them."""
    inside = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    files = [path for one in inside for path in (sorted(one.iterdir()) if one.is_dir() else [one])]
    return [path for path in files if path.suffix.lower() == SUFFIX and labels_beside(path).is_file()]


def labels_beside(imzml: Path) -> Path:
    """The label file of `mouse.imzML` is `mouse.csv`."""
    return imzml.with_suffix(".csv")


def read_ions(imzml: Path, labels: IonLabels, limits: Limits) -> tuple[list[IonImage], npt.NDArray[np.float64]]:
    """The ion images of all m/z in the labels, each m/z once, and those m/z; (N,) Th.

    Raises
    ------
    InvalidInputError
        When the labels name no m/z, or the files cannot be read.
    """
    mz = np.asarray(sorted({label.mz for label in labels.labels if label.mz is not None}), dtype=np.float64)
    if mz.size == 0:
        raise InvalidInputError(f"expected labels with a column mz for {imzml.name}, got none with an m/z")
    ibd = next((path for path in (imzml.with_suffix(".ibd"), imzml.with_suffix(".IBD")) if path.is_file()), None)
    if ibd is None:
        raise InvalidInputError(f"expected {imzml.with_suffix('.ibd').name} next to {imzml.name}, found none")
    dataset = open_imzml(imzml, ibd, limits)
    mask = dataset.grid.acquisition_mask
    images = {number: make_ion_image(found, mask) for number, found in dataset.extract(mz, MATCHING_PPM)}
    return [images[number] for number in range(len(mz))], mz
