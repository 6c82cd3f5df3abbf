"""imzML files that contradict themselves: measurements decide, and a note tells which declaration was used."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from imzml_comparing import HEIGHT, MODES, POINTS, TYPES, WIDTH, ZLIB, extract, open_dataset, require_same, write
from imzml_damaging import change, drop, put, rename, renumber, rewrite
from imzml_making import REAL_IMZML, make_spectra, open_with_pyimzml, reference_image, write_imzml

from shared.errors import InvalidIonImageError


@pytest.fixture
def intact(tmp_path: Path) -> Path:
    return write(tmp_path / "a.imzML")


@pytest.mark.parametrize("mode", MODES)
def test_an_intact_file_has_no_note(tmp_path: Path, mode: str) -> None:
    compressed = {"mz_compression": ZLIB, "intensity_compression": ZLIB}
    for options in ({}, compressed):
        images, notes = extract(write(tmp_path / f"{len(options)}.imzML", mode, **options))
        assert np.count_nonzero(images) > 0
        assert notes == ""
    assert open_dataset(REAL_IMZML).notes == ()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("mz_stored", TYPES)
@pytest.mark.parametrize("intensity_stored", TYPES)
@pytest.mark.parametrize("wrong", ["accession", "name"])
def test_lengths_decide_when_a_number_type_contradicts_its_name(
    tmp_path: Path, mode: str, mz_stored: type, intensity_stored: type, wrong: str
) -> None:
    path = write(tmp_path / "a.imzML", mode, mz_dtype=mz_stored, intensity_dtype=intensity_stored)
    expected, _ = extract(path)
    accession, name = TYPES[mz_stored]
    other_accession, other_name = TYPES[np.float64 if mz_stored is np.float32 else np.float32]
    made = renumber(name, other_accession) if wrong == "accession" else rename(accession, other_name)
    require_same(rewrite(path, made), expected, name)


@pytest.mark.parametrize("mode", MODES)
def test_a_wrong_accession_with_the_right_name_is_read_as_pyimzml_reads_it(tmp_path: Path, mode: str) -> None:
    """27 files on METASPACE say 64-bit float by accession and 32-bit float by name."""
    spectra = make_spectra(HEIGHT, WIDTH, POINTS, shared=mode == "continuous")
    path = write_imzml(tmp_path / "a.imzML", spectra, mode=mode, mz_dtype=np.float32)
    rewrite(path, renumber("32-bit float", "MS:1000523"))
    ions = np.asarray(spectra[0][0])[2:].astype(np.float32).astype(np.float64)
    found = dict(open_dataset(path).extract(ions, 10.0))
    with open_with_pyimzml(path) as parser:
        for number, one in enumerate(ions):
            np.testing.assert_allclose(found[number], reference_image(parser, one, 10.0), rtol=1e-5)


def test_the_distance_to_the_next_array_decides_when_lengths_are_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.imzML", mz_dtype=np.float32, intensity_dtype=np.float64)
    expected, _ = extract(path)
    rewrite(path, renumber("32-bit float", "MS:1000523"), drop("IMS:1000104"))
    require_same(path, expected, "32-bit float was used")


def test_declared_lengths_that_nothing_confirms_are_ignored(intact: Path) -> None:
    """Some writers count numbers instead of bytes."""
    expected, _ = extract(intact)
    require_same(rewrite(intact, put("IMS:1000104", "40")), expected, "ignored")


def test_a_type_that_contradicts_the_sizes_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.imzML", mz_dtype=np.float32, intensity_dtype=np.float64)
    text = renumber("32-bit float", "MS:1000523")(path.read_text())
    rewrite(path, lambda _: text.replace('"32-bit float"', '"64-bit float"'))
    with pytest.raises(InvalidIonImageError, match="64-bit float"):
        open_dataset(path)


def test_two_types_of_one_size_are_refused(intact: Path) -> None:
    rewrite(intact, rename("MS:1000523", "64-bit integer"))
    with pytest.raises(InvalidIonImageError, match="64-bit integer"):
        open_dataset(intact)


def test_a_name_is_enough_where_the_accession_is_unknown(intact: Path) -> None:
    expected, _ = extract(intact)
    require_same(rewrite(intact, renumber("64-bit float", "MS:9999999")), expected, "")


@pytest.mark.parametrize("claim", ["accession", "name", "both", "none"])
@pytest.mark.parametrize("is_compressed", [True, False])
@pytest.mark.parametrize("mode", MODES)
def test_decompressing_decides_when_the_compression_is_declared_wrongly(
    tmp_path: Path, mode: str, *, is_compressed: bool, claim: str
) -> None:
    compressed = {"mz_compression": ZLIB, "intensity_compression": ZLIB} if is_compressed else {}
    path = write(tmp_path / "a.imzML", mode, **compressed)
    expected, _ = extract(path)
    (right, right_name), (wrong, wrong_name) = sorted(
        [("MS:1000574", "zlib compression"), ("MS:1000576", "no compression")], reverse=not is_compressed
    )
    changes: dict[str, list[Callable[[str], str]]] = {
        "accession": [renumber(right_name, wrong)],
        "name": [rename(right, wrong_name)],
        "both": [rename(right, wrong_name), renumber(wrong_name, wrong)],
        "none": [drop(right)],
    }
    require_same(rewrite(path, *changes[claim]), expected, "" if claim == "none" and not is_compressed else "used")


def test_an_array_declared_as_both_kinds_is_the_kind_that_the_other_is_not(intact: Path) -> None:
    expected, _ = extract(intact)
    require_same(rewrite(intact, renumber("intensity array", "MS:1000514")), expected, "read as intensity")
    rewrite(intact, rename("MS:1000514", "intensity array"))
    with pytest.raises(InvalidIonImageError, match="intensity array"):
        open_dataset(intact)


def test_an_array_that_overlaps_one_of_the_other_kind_is_refused(intact: Path) -> None:
    """Otherwise m/z would be read as intensities."""
    rewrite(intact, drop("IMS:1000104"))
    text = intact.read_text()
    first, second = re.findall(r'IMS:1000102"[^>]* value="(\d+)"', text)[:2]
    intact.write_text(text.replace(f'value="{second}"', f'value="{int(first) + 8}"'))
    with pytest.raises(InvalidIonImageError, match="overlap"):
        open_dataset(intact)


def centroids(folder: Path) -> tuple[Path, np.ndarray]:
    """Sixty peaks of very different heights, at the same m/z in all pixels."""
    rng = np.random.default_rng(5)
    mz, heights = np.sort(rng.uniform(200, 900, 60)), rng.lognormal(0, 1.5, 60)
    spectra = [(mz, heights * (1 + rng.random(60)), (x, y)) for x in range(1, 9) for y in range(1, 9)]
    return write_imzml(folder / "centroids.imzML", spectra), mz


def count_found(path: Path, mz: np.ndarray) -> int:
    peaks = open_dataset(path).pick_peaks(3, 500).mz
    return sum(bool(np.any(np.abs(peaks - one) < 1e-3)) for one in mz)


def test_a_profile_accession_named_positive_scan_does_not_declare_profiles(tmp_path: Path) -> None:
    path, mz = centroids(tmp_path)
    line = '<cvParam cvRef="MS" accession="MS:1000128" name="positive scan" value=""/>'
    rewrite(
        path, change('<cvParam cvRef="MS" accession="MS:1000127"', f'{line}<cvParam cvRef="MS" accession="MS:1000127"')
    )
    assert count_found(path, mz) == 60
    assert any("positive scan" in note for note in open_dataset(path).notes)


@pytest.mark.parametrize("claim", ["both", "misnamed", "other accession"])
def test_spectra_declared_as_centroids_and_profiles_are_examined(tmp_path: Path, claim: str) -> None:
    path, mz = centroids(tmp_path)
    line = '<cvParam cvRef="MS" accession="MS:1000128" name="profile spectrum" value=""/>'
    changes = {
        "both": change(
            '<cvParam cvRef="MS" accession="MS:1000127"', f'{line}<cvParam cvRef="MS" accession="MS:1000127"'
        ),
        "misnamed": rename("MS:1000127", "profile spectrum"),
        "other accession": renumber("centroid spectrum", "MS:1000128"),
    }
    rewrite(path, changes[claim])
    assert count_found(path, mz) == 60
    assert "centroids" in (open_dataset(path).pick_peaks(3, 500).note or "")


def test_profiles_declared_as_both_are_read_as_profiles(tmp_path: Path) -> None:
    axis = np.arange(400, 402, 0.002)
    ions = np.array([400.5, 401.3])
    profile = sum(1000 * np.exp(-(((axis - ion) / 0.012) ** 2)) for ion in ions) + 1e-3 * (1 + np.sin(axis * 40))
    spectra = [(axis, profile * (x + y), (x, y)) for x in range(1, 5) for y in range(1, 5)]
    path = write_imzml(tmp_path / "a.imzML", spectra, mode="continuous", spec_type="profile")
    rewrite(path, rename("MS:1000128", "centroid spectrum"))
    peaks = open_dataset(path).pick_peaks(3, 500)
    np.testing.assert_allclose(peaks.mz, ions, rtol=5e-6)
    assert "profiles" in (peaks.note or "")


@pytest.mark.parametrize("mode", MODES)
def test_a_wrong_mode_is_noted(tmp_path: Path, mode: str) -> None:
    path = write(tmp_path / "a.imzML", mode)
    expected, _ = extract(path)
    accession, other = ("IMS:1000030", "IMS:1000031") if mode == "continuous" else ("IMS:1000031", "IMS:1000030")
    rewrite(path, change(accession, other), rename(other, "processed" if mode == "continuous" else "continuous"))
    require_same(path, expected, "m/z array")


def test_wrong_counts_are_noted(intact: Path) -> None:
    expected, _ = extract(intact)
    count = len(open_dataset(intact).index)
    require_same(
        rewrite(intact, change(f'<spectrumList count="{count}"', '<spectrumList count="99"')), expected, "99 spectra"
    )
    require_same(rewrite(intact, put("IMS:1000042", "4")), expected, "4 x 5 pixels")


def test_an_accession_with_the_name_of_another_one_is_noted(intact: Path) -> None:
    expected, _ = extract(intact)
    require_same(rewrite(intact, rename("IMS:1000050", "position y")), expected, "IMS:1000050")


def test_a_matching_checksum_outweighs_a_wrong_uuid(intact: Path) -> None:
    expected, _ = extract(intact)
    rewrite(intact, put("IMS:1000080", "00000000-0000-4000-8000-000000000000"))
    require_same(intact, expected, "sha1")
    ibd = intact.with_suffix(".ibd")
    ibd.write_bytes(ibd.read_bytes()[:-1] + b"?")
    with pytest.raises(InvalidIonImageError, match="UUID"):
        open_dataset(intact)
