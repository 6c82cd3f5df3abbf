"""`offsample clean` beside a plain copy by pyimzml, its parser and its writer: `python benchmarks/clean.py`.

A file of 3,600 spectra with 1,500 peaks each is generated into a temporary folder. Classification is left out: it is
measured elsewhere. Both read the same 73 MB and write as much or a little less. About a minute.
"""

import json
import logging
import subprocess
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from imzml import choose_ions, generate, peak_bytes
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


def describe_memory(source: Path) -> str:
    """Peak memory of cleaning, in a process of its own, beside that of the process before."""
    command = [sys.executable, __file__, "--peak-of", str(source)]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this very file
    before, after = json.loads(finished.stdout)
    return f"{(after - before) / 2**20:,.0f} MiB"


def main() -> None:
    warnings.simplefilter("ignore")  # of pyimzml, about names of its vocabulary
    logging.disable()
    if sys.argv[1:2] == ["--peak-of"]:
        source = Path(sys.argv[2])
        before = peak_bytes()
        clean(source, source.with_name("cleaned.imzML"))
        print(json.dumps([before, peak_bytes()]))
        return
    print_machine()
    with TemporaryDirectory(prefix="offsample-benchmark-") as folder:
        source, larger = Path(folder) / "source.imzML", Path(folder) / "larger.imzML"
        generate(source, 60, 60)
        generate(larger, 120, 120)
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
        print(f"peak memory: 3,600 spectra {describe_memory(source)}, 14,400 spectra {describe_memory(larger)}")


if __name__ == "__main__":
    main()
