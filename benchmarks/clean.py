"""`offsample clean` beside a plain copy by pyimzml, its parser and its writer: `python benchmarks/clean.py`.

A file of 3,600 spectra with 1,500 peaks each is generated into a temporary folder. Classification is left out: it is
measured elsewhere. Both read the same 73 MB and write as much or a little less. About a minute.
"""

import logging
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from imzml import choose_ions, generate
from measuring import compare, print_machine
from pyimzml.ImzMLParser import ImzMLParser
from pyimzml.ImzMLWriter import ImzMLWriter

from shared.files.foreign_file import OpenedFile
from shared.imzml.dataset import open_imzml
from shared.limits import Limits
from worker.cleaning.cleaning import clean_measurement
from worker.cleaning.header import read_header

IONS, PPM = 100, 3.0


def copy(source: Path, target: Path) -> None:
    """Every spectrum, as pyimzml reads and writes it."""
    with ImzMLParser(str(source)) as parser, ImzMLWriter(str(target), mode="processed") as writer:
        for number, position in enumerate(parser.coordinates):
            writer.addSpectrum(*parser.getspectrum(number), position)


def clean(source: Path, target: Path) -> None:
    """Every spectrum without the peaks of some ions."""
    dataset = open_imzml(source, source.with_suffix(".ibd"), Limits())
    clean_measurement(dataset, read_header(OpenedFile.at(source)), np.sort(choose_ions(IONS)), PPM, target)


warnings.simplefilter("ignore")  # of pyimzml, about names of its vocabulary
logging.disable()
print_machine()
with TemporaryDirectory() as folder:
    source = Path(folder) / "source.imzML"
    generate(source, 60, 60)
    megabytes = round(sum(path.stat().st_size for path in (source, source.with_suffix(".ibd"))) / 1e6)
    print(f"{megabytes} MB, {IONS} ions removed; the ratio is speed of clean over that of pyimzml's copy")
    compare(
        "pyimzml, plain copy",
        lambda: copy(source, Path(folder) / "copy.imzML"),
        "offsample clean",
        lambda: clean(source, Path(folder) / "clean.imzML"),
        megabytes,
        "MB",
    )
