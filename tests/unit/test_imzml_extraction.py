"""Ion images from imzML files agree with pyimzml's."""

import re
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imzml_making import REAL_IMZML, make_spectra, open_with_pyimzml, reference_image, write_imzml
from pyimzml.compression import ZlibCompression

from shared.errors import InvalidAnnotationsError, InvalidIonImageError, TooLargeError
from shared.imzml.dataset import ImzmlDataset, open_imzml
from shared.imzml.intensity_table import open_intensity_table
from shared.ion_image import Intensities
from shared.limits import Limits


def open_dataset(path: Path, z: int | None = None, limits: Limits = Limits()) -> ImzmlDataset:  # noqa: B008 - frozen
    return open_imzml(path, path.with_suffix(".ibd"), limits, z)


def extract(path: Path, mz: Any, ppm: float = 3.0, z: int | None = None) -> list[Intensities]:
    numbered = dict(open_dataset(path, z).extract(np.asarray(mz, dtype=np.float64), ppm))
    assert sorted(numbered) == list(range(len(mz)))
    return [numbered[number] for number in range(len(mz))]


def assert_like_pyimzml(path: Path, mz: Any, ppm: float) -> None:
    parser = open_with_pyimzml(path)
    with parser:
        for found, one in zip(extract(path, mz, ppm), mz, strict=True):
            np.testing.assert_allclose(found, reference_image(parser, one, ppm), rtol=1e-5, atol=1e-30)


@pytest.mark.parametrize("mode", ["continuous", "processed"])
@pytest.mark.parametrize("mz_dtype", [np.float32, np.float64])
@pytest.mark.parametrize("intensity_dtype", [np.float32, np.float64, np.int32, np.int64])
def test_every_format_agrees_with_pyimzml(tmp_path: Path, mode: str, mz_dtype: type, intensity_dtype: type) -> None:
    spectra = make_spectra(7, 9, shared=mode == "continuous")
    path = write_imzml(tmp_path / "a.imzML", spectra, mode=mode, mz_dtype=mz_dtype, intensity_dtype=intensity_dtype)
    ions = [*np.asarray(spectra[0][0])[2:], 99.0, 150.12345, 250.0]
    assert_like_pyimzml(path, ions, 3.0)
    assert_like_pyimzml(path, ions, 800.0)


@pytest.mark.parametrize("shared", [True, False])
def test_profiles_are_summed_over_the_window(tmp_path: Path, shared: bool) -> None:  # noqa: FBT001 - a parameter
    axis = np.arange(100, 101, 0.001)
    peak = np.exp(-(((axis - 100.5) / 0.003) ** 2))
    spectra = [(axis + (0 if shared else 1e-5 * x), peak * x, (x, 1)) for x in range(1, 6)]
    path = write_imzml(tmp_path / "a.imzML", spectra, mode="auto", spec_type="profile")
    assert_like_pyimzml(path, [100.5, 100.5005, 100.25], 50.0)


@pytest.mark.parametrize("mode", ["continuous", "processed"])
def test_zlib_compressed_numbers_give_the_same_images_as_plain_ones(tmp_path: Path, mode: str) -> None:
    spectra = make_spectra(4, 5, shared=mode == "continuous")
    plain = write_imzml(tmp_path / "plain.imzML", spectra, mode=mode)
    zlib = ZlibCompression()
    compressed = write_imzml(
        tmp_path / "compressed.imzML", spectra, mode=mode, mz_compression=zlib, intensity_compression=zlib
    )
    ions = np.asarray(spectra[0][0])
    np.testing.assert_array_equal(extract(plain, ions, 10), extract(compressed, ions, 10))
    assert np.count_nonzero(extract(compressed, ions, 10)) > len(ions)


@settings(max_examples=60)
@given(data=st.data())
def test_any_small_file_agrees_with_pyimzml(tmp_path: Path, data: st.DataObject) -> None:
    pixels = st.tuples(st.integers(1, 4), st.integers(1, 4))
    positions = data.draw(
        st.lists(pixels, min_size=2, max_size=9, unique=True).map(lambda found: [(1, 1), (2, 2), *found])
    )
    mzs = st.lists(st.floats(50, 60, width=32), min_size=1, max_size=12).map(sorted)
    spectra = []
    for x, y in dict.fromkeys(positions):
        mz = data.draw(mzs)
        count = len(mz)
        intensities = data.draw(st.lists(st.floats(0, 1e6, width=32), min_size=count, max_size=count))
        spectra.append((mz, intensities, (x, y)))
    dtypes = st.sampled_from([np.float32, np.float64])
    path = write_imzml(
        tmp_path / "a.imzML", spectra, mode="auto", mz_dtype=data.draw(dtypes), intensity_dtype=data.draw(dtypes)
    )
    peaks = st.sampled_from([one for mz, _, _ in spectra for one in mz])
    ions = data.draw(st.lists(peaks | st.floats(40, 70), min_size=1, max_size=6))
    assert_like_pyimzml(path, ions, data.draw(st.sampled_from([0.5, 3.0, 1000.0, 50_000.0])))


@pytest.mark.parametrize("ppm", [3.0, 500.0])
def test_the_real_file_agrees_with_pyimzml_where_its_axis_is_sorted(ppm: float) -> None:
    """Its m/z array has two points in the wrong order, at 1450.5; pyimzml looks for windows by bisection."""
    with open_with_pyimzml(REAL_IMZML) as parser:
        axis, _ = parser.getspectrum(0)
    wrong = np.flatnonzero(np.diff(axis) < 0)
    assert len(wrong) > 0
    usable = [mz for mz in axis[2:] if np.abs(mz - axis[wrong]).min() > 2]
    assert_like_pyimzml(REAL_IMZML, usable[::7], ppm)


def test_unsorted_mz_are_matched_like_sorted_ones(tmp_path: Path) -> None:
    spectra = make_spectra(3, 4)
    rng = np.random.default_rng(1)
    mixed = []
    for mz, intensities, position in spectra:
        order = rng.permutation(len(mz))
        mixed.append((np.asarray(mz)[order], np.asarray(intensities)[order], position))
    ions = np.asarray(spectra[0][0])
    found = [
        extract(write_imzml(tmp_path / f"{number}.imzML", one), ions, 20) for number, one in enumerate((spectra, mixed))
    ]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)


def test_overlapping_and_repeated_windows_each_get_their_own_sum(tmp_path: Path) -> None:
    path = write_imzml(tmp_path / "a.imzML", make_spectra(3, 3, 200))
    assert_like_pyimzml(path, [150.0] * 5 + [150.001, 149.5, 160.0, 150.0005], 20_000.0)


def test_the_window_includes_both_ends(tmp_path: Path) -> None:
    half = 500.0 * 1000.0 * 1e-6
    axis = [400.0, 500.0 - half, 500.0, 500.0 + half, np.nextafter(500.0 + half, 1000)]
    spectra = [(axis, [1, 2, 4, 8, 16], (x, 1)) for x in (1, 2)]
    (image,) = extract(write_imzml(tmp_path / "a.imzML", spectra), [500.0], 1000.0)
    assert image.tolist() == [[14.0, 14.0]]


def test_an_ion_below_the_first_peak_has_no_signal(tmp_path: Path) -> None:
    """Unlike pyimzml, whose getionimage returns the first peak here."""
    spectra = [([100.0, 200.0, 300.0], [5, 6, 7], (x, 1)) for x in (1, 2)]
    images = extract(write_imzml(tmp_path / "a.imzML", spectra), [50.0, 150.0], 3.0)
    assert not np.any(images)


def test_pixels_without_a_spectrum_are_not_acquired(tmp_path: Path) -> None:
    spectra = [([100.0], [x], (x, y)) for x, y in ((2, 3), (4, 3), (3, 5))]
    dataset = open_dataset(write_imzml(tmp_path / "a.imzML", spectra))
    assert dataset.grid.origin == (2, 3)
    expected = [[True, False, True], [False, False, False], [False, True, False]]
    assert dataset.grid.acquisition_mask.tolist() == expected
    ((_, image),) = dataset.extract(np.array([100.0]), 3)
    assert image.tolist() == [[2, 0, 4], [0, 0, 0], [0, 3, 0]]


def test_positions_may_begin_at_zero(tmp_path: Path) -> None:
    spectra = [([100.0], [x + 10 * y + 1], (x, y)) for y in range(2) for x in range(3)]
    (image,) = extract(write_imzml(tmp_path / "a.imzML", spectra), [100.0])
    assert image.tolist() == [[1, 2, 3], [11, 12, 13]]


@pytest.mark.parametrize("shared", [True, False])
def test_several_scans_of_a_pixel_are_summed(tmp_path: Path, shared: bool) -> None:  # noqa: FBT001 - a parameter
    shift = 0 if shared else 1e-5
    spectra = [([100.0 + shift * n, 150.0], [n, 1], (n % 2 + 1, 1)) for n in range(1, 8)]
    images = extract(write_imzml(tmp_path / "a.imzML", spectra, mode="auto"), [100.0, 150.0], 3.0)
    assert [image.tolist() for image in images] == [[[12, 16]], [[3, 4]]]


def test_spectra_may_come_in_any_order_and_be_empty(tmp_path: Path) -> None:
    spectra = make_spectra(5, 6)
    path = write_imzml(
        tmp_path / "a.imzML", [spectra[number] for number in np.random.default_rng(0).permutation(len(spectra))]
    )
    assert_like_pyimzml(path, np.asarray(spectra[0][0])[2:], 5.0)
    text = path.read_text()
    text = text.replace('name="external array length" value="40"', 'name="external array length" value="0"', 2)
    path.write_text(re.sub(r'(name="external offset" value=")\d+', r"\g<1>-99", text, count=2))
    dataset = open_dataset(path)
    assert dataset.grid.pixel_count == len(spectra)
    assert sum(np.count_nonzero(image) for _, image in dataset.extract(np.asarray(spectra[0][0]), 800)) > 0


def test_one_plane_of_a_3d_file_is_selected(tmp_path: Path) -> None:
    spectra = [([100.0], [x + 10 * z], (x, 1, z)) for z in (1, 2, 5) for x in (1, 2)]
    path = write_imzml(tmp_path / "a.imzML", spectra)
    with pytest.raises(InvalidIonImageError, match="planes"):
        open_dataset(path)
    with pytest.raises(InvalidIonImageError, match="plane"):
        open_dataset(path, z=3)
    (image,) = extract(path, [100.0], z=5)
    assert image.tolist() == [[51, 52]]


def test_nan_and_negative_intensities_affect_only_their_own_ions(tmp_path: Path) -> None:
    spectra = [([100.0, 150.0, 180.0], [np.nan, -5, 7], (x, 1)) for x in (1, 2)]
    for mode in ("continuous", "processed"):
        images = extract(write_imzml(tmp_path / f"{mode}.imzML", spectra, mode=mode), [100.0, 150.0, 180.0])
        np.testing.assert_array_equal(images, [[[np.nan, np.nan]], [[-5, -5]], [[7, 7]]])


def test_absurd_mz_match_nothing(tmp_path: Path) -> None:
    spectra = [([-np.inf, -1e300, 0.0, 100.0, 1e300, np.inf], [1, 1, 1, 2, 1, 1], (x, 1)) for x in (1, 2)]
    spectra.append(([np.nan] * 3, [1, 1, 1], (3, 1)))
    images = extract(write_imzml(tmp_path / "a.imzML", spectra), [100.0, 1e-5, 9e5])
    np.testing.assert_array_equal(images, [[[2, 2, 0]], [[0, 0, 0]], [[0, 0, 0]]])


@pytest.mark.parametrize("mz", [1e308, 2e305, 1e300, 1_000_001.0, 0.0, -5.0, 5e-324, np.inf, np.nan])
def test_an_extreme_mz_is_refused_or_matches_nothing(tmp_path: Path, mz: float) -> None:
    """Such a number once reached np.bincount and corrupted the heap; tried alone, and before and after a valid one."""
    path = write_imzml(tmp_path / "a.imzML", make_spectra(3, 4))
    for ions in ([mz], [150.0, mz], [mz, 150.0]):
        try:
            images = extract(path, ions, 1000.0)
        except InvalidAnnotationsError:
            assert mz != 5e-324
        else:
            assert mz == 5e-324
            assert not images[ions.index(mz)].any()


@pytest.mark.parametrize("ppm", [0.0, -1.0, 1e300, np.inf, np.nan])
def test_an_extreme_half_width_is_refused(tmp_path: Path, ppm: float) -> None:
    dataset = open_dataset(write_imzml(tmp_path / "a.imzML", make_spectra(3, 4)))
    with pytest.raises(InvalidAnnotationsError, match="ppm"):
        list(dataset.extract(np.array([150.0]), ppm))
    with pytest.raises(InvalidAnnotationsError, match="ppm"):
        dataset.pick_peaks(ppm, 10)


@pytest.mark.parametrize("shared", [True, False])
def test_huge_intensities_affect_only_their_own_ions(tmp_path: Path, shared: bool) -> None:  # noqa: FBT001 - a parameter
    spectra = [([100.0, 100.0001, 150.0], [1e308, 5e307, 7], (x, 1)) for x in (1, 2)]
    mode = "continuous" if shared else "processed"
    path = write_imzml(tmp_path / "a.imzML", spectra, mode=mode, intensity_dtype=np.float64)
    images = extract(path, [100.0, 150.0])
    np.testing.assert_array_equal(images, [[[np.inf, np.inf]], [[7, 7]]])
    assert [round(mz, 4) for mz in open_dataset(path).pick_peaks(3, 10).mz] == [150.0]


@pytest.mark.parametrize("shared", [True, False])
def test_many_overlapping_windows_take_little_memory(tmp_path: Path, shared: bool) -> None:  # noqa: FBT001 - a parameter
    """Every peak is in every window: 2,000 peaks of 30 spectra in 3,000 windows would be 180 million hits."""
    axis = np.linspace(100, 100.001, 2000)
    spectra = [(axis + (0 if shared else 1e-9 * x), np.ones(2000), (x, 1)) for x in range(1, 31)]
    path = write_imzml(tmp_path / "a.imzML", spectra, mode="continuous" if shared else "processed")
    dataset = open_dataset(path)
    ions = 100.0005 + 1e-8 * np.arange(3000)
    tracemalloc.start()
    images = [image for _, image in dataset.extract(ions, 1000.0)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(images) == 3000
    assert all((image == 2000).all() for image in images)
    assert peak < 200 * 2**20


def test_a_large_table_is_in_a_temporary_file_that_leaves_nothing_behind() -> None:
    with open_intensity_table(2, 2**20) as small, open_intensity_table(300, 2**18) as large:
        assert not isinstance(small, np.memmap)
        assert isinstance(large, np.memmap)
        assert not list(Path(tempfile.gettempdir()).glob("offsample-ion-images*"))
        large[299, -1] = 3
        assert (large[0].max(), large[299].max()) == (0, 3)


def test_the_progress_callback_is_called_and_may_end_the_work(tmp_path: Path) -> None:
    calls = []
    path = write_imzml(tmp_path / "a.imzML", make_spectra(6, 6))
    dataset = open_imzml(path, path.with_suffix(".ibd"), Limits(), on_progress=lambda *call: calls.append(call))
    list(dataset.extract(np.array([150.0]), 3, lambda *call: calls.append(call)))
    assert calls[0] == ("reading a.imzML", path.stat().st_size, path.stat().st_size)
    assert calls[-1] == ("extracting ion images from spectra", len(dataset.index), len(dataset.index))

    def stop(*_: object) -> None:
        raise TooLargeError("enough")

    with pytest.raises(TooLargeError, match="enough"):
        list(dataset.extract(np.array([150.0]), 3, stop))
