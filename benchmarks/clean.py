"""`offsample clean` beside a plain copy by pyimzml, its parser and its writer: `python benchmarks/clean.py`.

Speed: a file of 3,600 spectra with 1,500 peaks each is generated into a temporary folder. Both read the same 73 MB and
write as much or a little less. Memory: the peak of each on 20,000 and 100,000 spectra of 50 peaks, in a process of its
own. Classification is left out: it is measured elsewhere. About a minute, and up to 2 GB on the disk.
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
PEAKS_OF_MANY = 50
MANY = {20_000: (100, 200), 100_000: (250, 400)}
"""Height and width, by number of spectra."""


def copy(source: Path, target: Path) -> None:
    """Every spectrum, as pyimzml reads and writes it."""
    with ImzMLParser(str(source)) as parser, ImzMLWriter(str(target), mode="processed") as writer:
        for number, position in enumerate(parser.coordinates):
            writer.addSpectrum(*parser.getspectrum(number), position)


def clean(source: Path, target: Path) -> None:
    """Every spectrum without the peaks of some ions."""
    dataset = open_imzml(source, source.with_suffix(".ibd"), Limits())
    header, mz = read_header(OpenedFile.at(source)), np.sort(choose_ions(IONS))
    clean_measurement(dataset, header, mz, PPM, target, lambda path, _: path.touch())


def measure_peak(what: str, source: Path) -> None:
    """Print, as a process of its own, its peak memory before and after, bytes."""
    before = peak_bytes()
    {"copy": copy, "clean": clean}[what](source, source.with_name(f"{what}.imzML"))
    print(json.dumps([before, peak_bytes()]))


def find_peak(what: str, source: Path) -> int:
    """Peak memory of copying or cleaning beside that of the process before, bytes."""
    command = [sys.executable, __file__, "--peak-of", what, str(source)]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this very file
    before, after = json.loads(finished.stdout)
    return int(after - before)


def print_memory(folder: Path) -> None:
    """What copying and cleaning need for few and for many spectra."""
    peaks: dict[str, list[int]] = {"copy": [], "clean": []}
    for count, (height, width) in MANY.items():
        source = folder / f"{count}.imzML"
        generate(source, height, width, PEAKS_OF_MANY)
        for what, found in peaks.items():
            found.append(find_peak(what, source))
    few, many = MANY
    for name, what in (("pyimzml, plain copy", "copy"), ("offsample clean", "clean")):
        first, last = peaks[what]
        each = (last - first) / (many - few)
        print(
            f"  {name}, peak memory: {few:,} spectra {first / 2**20:,.0f} MiB,"
            f" {many:,} spectra {last / 2**20:,.0f} MiB; {each:,.0f} bytes for each more"
        )


def main() -> None:
    warnings.simplefilter("ignore")  # of pyimzml, about names of its vocabulary
    logging.disable()
    if sys.argv[1:2] == ["--peak-of"]:
        measure_peak(sys.argv[2], Path(sys.argv[3]))
        return
    print_machine()
    with TemporaryDirectory(prefix="offsample-benchmark-") as folder:
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
        print_memory(Path(folder))


if __name__ == "__main__":
    main()
