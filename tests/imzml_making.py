"""imzML files for tests: written and read by pyimzml, and damaged."""

import os
import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pyimzml.ImzMLParser import ImzMLParser, getionimage
from pyimzml.ImzMLWriter import ImzMLWriter

REAL_IMZML = Path(__file__).parent / "data" / "mouse_prostate.imzML"

Spectrum = tuple[Sequence[float], Sequence[float], tuple[int, ...]]
"""m/z, intensities, position x, y or x, y, z."""


def write_imzml(path: Path, spectra: Iterable[Spectrum], **options: Any) -> Path:
    """Write an imzML file and its .ibd file; options are those of pyimzml's writer."""
    with ImzMLWriter(str(path), **({"mode": "processed"} | options)) as writer:
        for mz, intensities, position in spectra:
            writer.addSpectrum(mz, intensities, position)
    return path


def make_spectra(height: int, width: int, points: int = 40, *, shared: bool = False, seed: int = 0) -> list[Spectrum]:
    """Random spectra from m/z 100 to 200; a tenth of the pixels are missing."""
    rng = np.random.default_rng(seed)
    axis = np.sort(rng.uniform(100, 200, points))
    return [
        (
            axis if shared else np.sort(axis + rng.normal(0, 2e-4, points)),
            rng.exponential(100, points),
            (x + 1, y + 1, 1),
        )
        for y in range(height)
        for x in range(width)
        if rng.random() > 0.1 or (x, y) in {(0, 0), (width - 1, height - 1)}
    ]


def open_with_pyimzml(path: Path) -> ImzMLParser:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about names of its vocabulary
        return ImzMLParser(str(path))


def reference_image(parser: ImzMLParser, mz: float, ppm: float) -> npt.NDArray[np.float64]:
    """Ion image of pyimzml, with one defect corrected.

    It documents mz - tol <= x <= mz + tol. Where a window ends before a spectrum's second peak, its `getionimage`
    returns the first peak, even if it is outside the window.
    """
    tolerance = mz * ppm * 1e-6
    image = getionimage(parser, np.float64(mz), tol=tolerance)  # else it compares in the file's float32
    for number, (x, y, _) in enumerate(parser.coordinates):
        found, _ = parser.getspectrum(number)
        found = found.astype(np.float64)
        if bisect_left(found, mz - tolerance) >= bisect_right(found, mz + tolerance):
            image[y - 1, x - 1] = 0
    return image


def write_hostile_imzml(folder: Path) -> dict[str, Path]:
    """Files by their one defect; each is rejected with `invalid_ion_image`."""
    laughs = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))
    of_xml: dict[str, Callable[[str], str]] = {
        "entities": lambda text: text.replace("<mzML", f"<!DOCTYPE mzML [<!ENTITY l0 'ha'>{laughs}]><mzML", 1),
        "truncated": lambda text: text[: len(text) // 2],
        "no position": lambda text: re.sub(r"<cvParam [^>]*IMS:1000050[^>]*/>", "", text),
        "offset": lambda text: re.sub(r'(IMS:1000102"[^>]* value=)"\d+"', r'\1"123456789"', text, count=1),
    }
    of_ibd: dict[str, Callable[[bytes], bytes]] = {
        "ibd truncated": lambda content: content[:-1],
        "ibd of another": lambda content: os.urandom(16) + content[16:],
    }
    found = {}
    for what in (*of_xml, *of_ibd):
        found[what] = path = write_imzml(folder / f"{what}.imzML", make_spectra(3, 3))
        ibd = path.with_suffix(".ibd")
        path.write_text(of_xml.get(what, str)(path.read_text(encoding="latin-1")), encoding="latin-1")
        ibd.write_bytes(of_ibd.get(what, bytes)(ibd.read_bytes()))
    return found
