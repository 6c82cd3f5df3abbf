"""Peaks of the mean spectrum, for imzML files without annotations."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from imzml_making import REAL_IMZML, Spectrum, write_imzml

from shared.errors import InvalidIonImageError
from shared.imzml.dataset import open_imzml
from shared.imzml.peak_picking import PickedPeaks
from shared.limits import Limits


def pick(path: Path, ppm: float = 3.0, most: int = 500) -> PickedPeaks:
    return open_imzml(path, path.with_suffix(".ibd"), Limits()).pick_peaks(ppm, most)


def make_centroids(ions: npt.NDArray[np.float64], pixels: int = 100) -> list[Spectrum]:
    """Each ion in each spectrum, off by 1 ppm, among ten times as many weak peaks that occur once."""
    rng = np.random.default_rng(0)
    spectra: list[Spectrum] = []
    for pixel in range(pixels):
        noise = rng.uniform(ions.min(), ions.max(), 10 * len(ions))
        mz = np.concatenate([ions * (1 + rng.normal(0, 1e-6, len(ions))), noise])
        intensities = np.concatenate([rng.uniform(50, 150, len(ions)), rng.exponential(1, len(noise))])
        order = np.argsort(mz)
        spectra.append((mz[order], intensities[order], (pixel % 10 + 1, pixel // 10 + 1)))
    return spectra


def test_only_the_ions_are_picked_among_noise(tmp_path: Path) -> None:
    ions = np.sort(np.random.default_rng(1).uniform(200, 900, 30))
    peaks = pick(write_imzml(tmp_path / "a.imzML", make_centroids(ions)))
    assert len(peaks.mz) == len(ions)
    np.testing.assert_allclose(peaks.mz, ions, rtol=1e-6)
    np.testing.assert_allclose(peaks.mean_intensity, 100, rtol=0.7)


@pytest.mark.parametrize("mode", ["continuous", "processed"])
def test_a_profile_peak_is_picked_once_at_its_maximum(tmp_path: Path, mode: str) -> None:
    axis = np.arange(400, 402, 0.002)
    ions = np.array([400.5, 401.3])
    profile = sum(1000 * np.exp(-(((axis - ion) / 0.012) ** 2)) for ion in ions) + 1e-3 * (1 + np.sin(axis * 40))
    spectra = [(axis, profile * (x + y), (x, y)) for x in range(1, 5) for y in range(1, 5)]
    peaks = pick(write_imzml(tmp_path / "a.imzML", spectra, mode=mode, spec_type="profile"))
    np.testing.assert_allclose(peaks.mz, ions, rtol=5e-6)


def test_the_most_intense_peaks_are_kept_when_there_are_too_many(tmp_path: Path) -> None:
    spectra = [([300.0, 400.0, 500.0], [10.0, 30.0, 20.0], (x, 1)) for x in range(1, 9)]
    assert pick(write_imzml(tmp_path / "a.imzML", spectra), most=2).mz.tolist() == [400.0, 500.0]


def test_nan_negative_infinite_and_out_of_range_points_are_ignored(tmp_path: Path) -> None:
    spectra = [
        ([-1.0, 0.5, 200.0, 300.0, 400.0, 1e6, np.inf], [9, 9, np.nan, -5, 7, 9, 9], (x, 1)) for x in range(1, 9)
    ]
    for mode in ("continuous", "processed"):
        assert pick(write_imzml(tmp_path / f"{mode}.imzML", spectra, mode=mode)).mz.tolist() == [400.0]


def test_a_file_without_signal_is_a_clear_error(tmp_path: Path) -> None:
    path = write_imzml(tmp_path / "a.imzML", [([300.0], [0.0], (x, 1)) for x in range(1, 9)])
    with pytest.raises(InvalidIonImageError, match="peak"):
        pick(path)


def test_the_peak_list_of_the_real_file_is_used_as_it_is() -> None:
    """Its 422 points are peaks that its software picked; those closer than two half widths become one."""
    peaks = pick(REAL_IMZML)
    assert len(peaks.mz) == 416
    assert peaks.mz[0] == pytest.approx(631.10435, abs=1e-4)
