"""`offsample clean`: a measurement without the peaks of off-sample ions, read again by pyimzml and by this program."""

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from imzml_making import REAL_IMZML, open_with_pyimzml, write_imzml
from local_commands import classify, require_one_line, run, run_on_full_disk
from pyimzml.compression import ZlibCompression

from shared.arrays.array import open_array
from shared.imzml.dataset import open_imzml
from shared.limits import Limits
from training.data_root import DATA_ROOT

BLADDER = DATA_ROOT / "mouse_bladder" / "ion_images.npz"
STEP = 4
"""Every fourth pixel in both directions: enough to see the sample."""
PPM = 3.0
Spectra = dict[tuple[int, ...], tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]]


def make_measurement(path: Path, *, continuous: bool = False, **options: object) -> Path:
    """The mouse bladder as imzML: ion k has m/z 500 + k, and between any two there is a peak that no ion claims."""
    images = np.stack([pixels[::STEP, ::STEP] for pixels, _ in open_array(BLADDER, Limits()).rows()])
    count, height, width = images.shape
    axis = 500 + np.arange(2 * count) / 2
    spectra = []
    for y in range(height):
        for x in range(width):
            intensities = np.empty(2 * count)
            intensities[::2], intensities[1::2] = images[:, y, x], 1 + (np.arange(count) + x + y) % 7
            present = np.full(2 * count, True) if continuous else intensities > 0
            spectra.append((axis[present], intensities[present], (x + 1, y + 1)))
    mode = "continuous" if continuous else "processed"
    write_imzml(path, spectra, mode=mode, polarity="negative", **options)
    ions = path.with_suffix(".json")
    ions.write_text(json.dumps([{"annotation_id": f"ion {k}", "mz": 500 + k} for k in range(count)]))
    return path


def read_spectra(path: Path) -> Spectra:
    with open_with_pyimzml(path) as parser:
        return {position[:2]: parser.getspectrum(number) for number, position in enumerate(parser.coordinates)}


def read_audit(path: Path) -> list[dict[str, str]]:
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def clean(source: Path, output: Path, *options: str) -> list[dict[str, str]]:
    ended = run("clean", source, "--annotations", source.with_suffix(".json"), "--output", output, *options)
    assert ended.code == 0, ended.errors
    return read_audit(output)


def test_off_sample_ions_are_removed_and_the_other_peaks_keep_every_bit(tmp_path: Path) -> None:
    source = make_measurement(tmp_path / "a.imzML")
    removed = clean(source, tmp_path / "clean.imzML")
    assert 20 <= len(removed) <= 30
    gone = {float(row["mz"]) for row in removed}
    before, after = read_spectra(source), read_spectra(tmp_path / "clean.imzML")
    assert before.keys() == after.keys()
    peaks = 0
    for position, (mz, intensities) in before.items():
        kept = np.asarray([value not in gone for value in mz.tolist()])
        peaks += int((~kept).sum())
        for found, expected in zip(after[position], (mz[kept], intensities[kept]), strict=True):
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)
    assert sum(int(row["peaks"]) for row in removed) == peaks > 0
    rows, _ = classify(tmp_path / "clean.imzML", "--annotations", source.with_suffix(".json"))
    names = {row["annotation_id"] for row in removed}
    assert {row["status"] for row in rows if row["annotation_id"] in names} == {"no_signal"}
    assert all(row["status"] == "classified" for row in rows if row["annotation_id"] not in names)


@pytest.mark.parametrize("continuous", [True, False])
def test_mode_number_formats_polarity_and_pixel_size_are_kept(tmp_path: Path, *, continuous: bool) -> None:
    source = make_measurement(
        tmp_path / "a.imzML",
        continuous=continuous,
        mz_dtype=np.float32,
        intensity_dtype=np.float64,
        spec_type="profile",
    )
    source.write_text(_add_pixel_size(source.read_text(encoding="latin-1")), encoding="latin-1")
    removed = clean(source, tmp_path / "clean.imzML", "--drop", "off,uncertain")
    with open_with_pyimzml(tmp_path / "clean.imzML") as parsed:
        assert (parsed.polarity, parsed.spectrum_mode) == ("negative", "profile")
    assert parsed.metadata.file_description.param_by_name.get("continuous" if continuous else "processed") is not None
    assert parsed.metadata.scan_settings["scanSettings1"].param_by_name["pixel size (x)"] == 20.0
    before, after = read_spectra(source), read_spectra(tmp_path / "clean.imzML")
    for position in ((1, 1), (20, 20)):
        kept = ~np.isin(before[position][0], [np.float32(row["mz"]) for row in removed])
        for found, expected in zip(after[position], before[position], strict=True):
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected[kept])
    assert str(tmp_path) not in (tmp_path / "clean.imzML").read_text(encoding="latin-1")


def test_compressed_arrays_stay_compressed(tmp_path: Path) -> None:
    """Read by this program, because pyimzml writes compressed arrays but does not read them."""
    zlib = {"mz_compression": ZlibCompression(), "intensity_compression": ZlibCompression()}
    source = make_measurement(tmp_path / "a.imzML", **zlib)
    removed = clean(source, tmp_path / "clean.imzML")
    before, after = (
        open_imzml(path, path.with_suffix(".ibd"), Limits()) for path in (source, tmp_path / "clean.imzML")
    )
    assert (after.index.mz.format, after.index.intensity.format) == (
        before.index.mz.format,
        before.index.intensity.format,
    )
    assert after.index.mz.format.zlib
    mz = np.asarray([float(removed[0]["mz"]), 500.5])
    (gone, stays), (was, same) = ([image for _, image in one.extract(mz, PPM)] for one in (after, before))
    assert (gone.max(), was.max() > 0) == (0, True)
    np.testing.assert_array_equal(stays, same)


def _add_pixel_size(text: str) -> str:
    scans = '<scanSettings id="scanSettings1">'
    assert scans in text
    size = '<cvParam cvRef="IMS" accession="IMS:1000046" name="pixel size (x)" value="20"/>'
    return text.replace(scans, scans + size)


def test_a_spectrum_without_a_remaining_peak_stays_and_has_no_signal(tmp_path: Path) -> None:
    source = make_measurement(tmp_path / "a.imzML")
    spectra = [(mz, values, position) for position, (mz, values) in read_spectra(source).items()]
    first = clean(source, tmp_path / "b.imzML")
    off = float(first[0]["mz"])
    spectra[0] = (np.asarray([off]), np.asarray([3.0]), spectra[0][2])
    write_imzml(source, spectra)
    clean(source, tmp_path / "clean.imzML")
    mz, values = read_spectra(tmp_path / "clean.imzML")[spectra[0][2]]
    assert (mz.tolist(), values.tolist()) == ([off], [0.0])


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    source = make_measurement(tmp_path / "a.imzML")
    arguments = ("clean", source, "--annotations", source.with_suffix(".json"), "--output")
    for existing in ("clean.ibd", "clean.csv"):
        (tmp_path / existing).write_text("old")
        ended = run(*arguments, tmp_path / "clean.imzML")
        assert (ended.code, "--force" in ended.errors) == (1, True)
        assert (tmp_path / existing).read_text() == "old"
    for output, word in (
        (source, "another file"),
        (tmp_path / "no" / "a.imzML", "folder"),
        (tmp_path / "a.csv", "imzML"),
    ):
        ended = run(*arguments, output, "--force")
        assert (ended.code, word in ended.errors, len(ended.errors.splitlines())) == (1, True, 1), ended.errors
    ended = run(*arguments, tmp_path / "clean.imzML", "--force", "--quiet")
    assert (ended.code, ended.output, ended.errors) == (0, "", "")
    assert read_spectra(tmp_path / "clean.imzML").keys() == read_spectra(source).keys()


def test_a_measurement_that_does_not_fit_on_the_disk_leaves_no_file(tmp_path: Path) -> None:
    words = ("clean", REAL_IMZML, "--most-peaks", "20", "--release", "2026.11.3")
    ended = run_on_full_disk(*words, "--output", tmp_path / "clean.imzML")
    assert "cannot write" in require_one_line(ended, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_ended_leaves_nothing(tmp_path: Path, number: signal.Signals, code: int) -> None:
    source = make_measurement(tmp_path / "sections.imzML")
    before = sorted(tmp_path.iterdir())
    arguments = ["clean", source, "--annotations", source.with_suffix(".json"), "--output", tmp_path / "clean.imzML"]
    with subprocess.Popen([sys.executable, "-m", "worker.cli.main", *map(str, arguments)]) as process:
        while not list(tmp_path.glob(".partial-*/*.ibd")):
            assert process.poll() is None, "it was too fast to be ended"
        process.send_signal(number)
        assert process.wait(30) == code
    assert sorted(tmp_path.iterdir()) == before
