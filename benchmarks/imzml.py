"""Ion images from imzML: this project beside pyimzml's getionimage and imzy, `python benchmarks/imzml.py`.

Files of 1,500 centroids a spectrum are generated into a temporary folder (0.9 GB, deleted at the end). XML parsing is
measured separately from extraction. The row of imzy needs `pip install imzy`, which is not a dependency of
the project. `--small` leaves out the large file. A few minutes.
"""

import argparse
import importlib.util
import json
import logging
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
from measuring import print_machine
from pyimzml.ImzMLParser import ImzMLParser, getionimage
from pyimzml.ImzMLWriter import ImzMLWriter

from shared.imzml.dataset import open_imzml
from shared.limits import Limits

PEAKS, CENTRES = 1_500, 6_000
FILES = {"3,600 spectra": (60, 60), "34,840 spectra": (134, 260)}
ION_COUNTS = (300, 3_000)
TIMED_IONS = 10
REPEATS, EXTRACTIONS = 3, 9
PPM = 3.0


def centres() -> npt.NDArray[np.float64]:
    return np.sort(np.random.default_rng(0).uniform(100, 1000, CENTRES))


def choose_ions(count: int) -> npt.NDArray[np.float64]:
    return np.random.default_rng(1).choice(centres(), count, replace=False)


def generate(path: Path, height: int, width: int, count: int = PEAKS) -> None:
    """Each spectrum has some of all peaks, a quarter by default, each off by about 1 ppm."""
    rng, found = np.random.default_rng(2), centres()
    with ImzMLWriter(str(path), mode="processed") as writer:
        for y in range(height):
            for x in range(width):
                peaks = np.sort(rng.choice(CENTRES, count, replace=False, shuffle=False))
                mz = found[peaks] * (1 + rng.normal(0, 1e-6, count))
                writer.addSpectrum(mz, rng.exponential(size=count), (x + 1, y + 1))


def best_seconds(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """CPU seconds of all threads, and of child processes; elapsed time means nothing on a busy machine."""
    seconds = []
    for _ in range(repeats):
        started = cpu_seconds()
        run()
        seconds.append(cpu_seconds() - started)
    return min(seconds)


def cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def extract_all(path: Path, ions: npt.NDArray[np.float64]) -> Callable[[], None]:
    """Extraction alone; images are discarded."""
    dataset = open_imzml(path, path.with_suffix(".ibd"), Limits())

    def run() -> None:
        for _ in dataset.extract(ions, PPM):
            pass

    return run


def measure_peak(path: Path, count: int) -> None:
    """Print, as a process of its own, its peak memory before and after extraction, bytes."""
    before = peak_bytes()
    extract_all(path, choose_ions(count))()
    print(json.dumps([before, peak_bytes()]))


def peak_bytes() -> int:
    """Peak memory of this process; getrusage would include the parent's, from before exec."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def describe_memory(path: Path, count: int, pixels: int) -> str:
    command = [sys.executable, __file__, "--peak-of", str(path), str(count)]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this very file
    before, after = json.loads(finished.stdout)
    output = count * pixels * 4
    beside = (after - before - output) / 2**20
    return (
        f"peak memory {after / 2**20:,.0f} MiB, {before / 2**20:,.0f} of it before the file was opened;"
        f" output {output / 2**20:,.0f} MiB{' (in a temporary file)' * (output > 2**28)}, beside it {beside:,.0f} MiB"
    )


def command_seconds(path: Path, ions: npt.NDArray[np.float64]) -> float:
    """`offsample classify` as a process: start, release, XML, extraction, prediction, rows."""
    listed = path.with_name("ions.csv")
    listed.write_text("annotation_id,mz\n" + "".join(f"{number},{mz!r}\n" for number, mz in enumerate(ions.tolist())))
    command = [
        sys.executable,
        "-m",
        "worker.cli.main",
        "classify",
        str(path),
        "--annotations",
        str(listed),
        "--format",
        "csv",
    ]
    return best_seconds(lambda: subprocess.run(command, check=True, capture_output=True), 2)  # noqa: S603 - our own command


def compare_file(path: Path, pixels: int, *, with_imzy: bool) -> None:
    our_parsing = best_seconds(lambda: open_imzml(path, path.with_suffix(".ibd"), Limits()))
    started = cpu_seconds()
    parser = ImzMLParser(str(path))
    their_parsing = cpu_seconds() - started
    print(f"  XML: {our_parsing:.2f} s; pyimzml {their_parsing:.2f} s; ratio {their_parsing / our_parsing:.1f}x")
    ours = {count: best_seconds(extract_all(path, choose_ions(count)), EXTRACTIONS) for count in ION_COUNTS}
    few = choose_ions(ION_COUNTS[0])[:TIMED_IONS]
    per_ion = best_seconds(lambda: [getionimage(parser, mz, tol=mz * PPM * 1e-6) for mz in few], 1) / TIMED_IONS
    reference = [getionimage(parser, mz, tol=mz * PPM * 1e-6) for mz in few[:2]]
    found = dict(open_imzml(path, path.with_suffix(".ibd"), Limits()).extract(few, PPM))
    difference = max(float(np.abs(found[number] - one).max()) for number, one in enumerate(reference))
    parser.m.close()
    for count in ION_COUNTS:
        theirs = per_ion * count
        whole, both = our_parsing + ours[count], their_parsing + theirs
        print(f"  {count:,} ions: extraction {ours[count]:.3f} s; {describe_memory(path, count, pixels)}")
        print(f"    getionimage {theirs:,.1f} s ({TIMED_IONS} ions, scaled; largest difference {difference:.2g});")
        print(f"    extraction {theirs / ours[count]:,.0f}x, with XML {both / whole:,.0f}x")
        if with_imzy:
            print_imzy(path, count, ours[count])
    seconds = command_seconds(path, choose_ions(ION_COUNTS[0]))
    theirs = their_parsing + per_ion * ION_COUNTS[0]
    print(f"  offsample classify, {ION_COUNTS[0]} ions, from start to rows: {seconds:.2f} s; {theirs / seconds:,.0f}x")


def print_imzy(path: Path, count: int, ours: float) -> None:
    from imzy import get_reader  # noqa: PLC0415 - it may not be installed

    logging.disable(logging.WARNING)
    reader, ions = get_reader(path), choose_ions(count)
    reader.get_ion_images(ions[:3], ppm=PPM, silent=True)  # compile
    theirs = best_seconds(lambda: reader.get_ion_images(ions, ppm=PPM, silent=True))
    print(f"    imzy, warm, {theirs:.2f} s; {theirs / ours:.1f}x")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--small", action="store_true", help="leave out the large file")
    arguments.add_argument("--peak-of", nargs=2, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.peak_of:
        measure_peak(Path(chosen.peak_of[0]), int(chosen.peak_of[1]))
        return
    warnings.simplefilter("ignore")
    print_machine()
    print(f"load {os.getloadavg()[0]:.1f}; seconds are CPU seconds, the best of {REPEATS}, of extraction {EXTRACTIONS}")
    with_imzy = importlib.util.find_spec("imzy") is not None
    if not with_imzy:
        print("imzy is not installed, so its rows are left out (pip install imzy)")
    with TemporaryDirectory(prefix="offsample-benchmark-") as folder:
        for name, (height, width) in list(FILES.items())[: 1 if chosen.small else None]:
            path = Path(folder) / f"{height}x{width}.imzML"
            generate(path, height, width)
            print(f"{name} of {PEAKS:,} peaks, {path.with_suffix('.ibd').stat().st_size / 2**20:,.0f} MiB")
            compare_file(path, height * width, with_imzy=with_imzy)


if __name__ == "__main__":
    main()
