"""Small imzML files, and what is read from them."""

from pathlib import Path

import numpy as np
from imzml_making import make_spectra, write_imzml
from pyimzml.compression import ZlibCompression

from shared.imzml.dataset import ImzmlDataset, open_imzml
from shared.ion_image import Intensities
from shared.limits import Limits

HEIGHT, WIDTH, POINTS = 5, 6, 40
ZLIB = ZlibCompression()
MODES = ("continuous", "processed")
TYPES = {np.float32: ("MS:1000521", "32-bit float"), np.float64: ("MS:1000523", "64-bit float")}


def open_dataset(path: Path) -> ImzmlDataset:
    return open_imzml(path, path.with_suffix(".ibd"), Limits())


def extract(path: Path) -> tuple[list[Intensities], str]:
    """Images of all ions, and the notes."""
    dataset = open_dataset(path)
    ions = np.asarray(make_spectra(HEIGHT, WIDTH, POINTS)[0][0])
    return [image for _, image in dataset.extract(ions, 800.0)], " / ".join(dataset.notes)


def write(path: Path, mode: str = "processed", **options: object) -> Path:
    return write_imzml(path, make_spectra(HEIGHT, WIDTH, POINTS, shared=mode == "continuous"), mode=mode, **options)


def require_same(path: Path, expected: list[Intensities], noun: str) -> None:
    """Expect the images of the intact file, and a note."""
    images, notes = extract(path)
    np.testing.assert_array_equal(images, expected)
    assert noun in notes
