"""imzML files as other programs write them: steps of coordinates, empty spectra, numbers, encodings; and limits."""

import re
from pathlib import Path

import numpy as np
import pytest
from imzml_comparing import HEIGHT, POINTS, WIDTH, extract, open_dataset, require_same, write
from imzml_damaging import change, put, rewrite, without_arrays
from imzml_making import make_spectra, write_imzml

from shared.errors import InvalidIonImageError, TooLargeError


@pytest.fixture
def intact(tmp_path: Path) -> Path:
    return write(tmp_path / "a.imzML")


@pytest.mark.parametrize("step", [(2, 2), (10, 50), (1, 3)])
@pytest.mark.parametrize("first", [0, 1, 1000])
def test_coordinates_are_divided_by_their_common_step(tmp_path: Path, step: tuple[int, int], first: int) -> None:
    spectra = make_spectra(HEIGHT, WIDTH, POINTS)
    expected, _ = extract(write_imzml(tmp_path / "a.imzML", spectra))
    moved = [(mz, peaks, (x * step[0] + first, y * step[1] + first)) for mz, peaks, (x, y, _) in spectra]
    path = write_imzml(tmp_path / "b.imzML", moved)
    require_same(path, expected, f"steps of {step[0]} (x) and {step[1]} (y)")
    assert open_dataset(path).grid.origin == (step[0] + first, step[1] + first)


@pytest.mark.parametrize("columns", [(1, 3), (1, 101), (1, 3, 5), (1, 3, 41, 81), (1, 2, 4, 6, 8)])
def test_few_or_sparse_columns_have_no_common_step(tmp_path: Path, columns: tuple[int, ...]) -> None:
    spectra = [([100.0], [1.0], (x, y)) for x in columns for y in (1, 2)]
    dataset = open_dataset(write_imzml(tmp_path / "a.imzML", spectra))
    assert dataset.grid.step == (1, 1)
    assert dataset.grid.acquisition_mask.shape == (2, columns[-1])


@pytest.mark.parametrize("empty", [[0], [5], [0, 1, 7]])
def test_a_spectrum_without_arrays_is_an_acquired_empty_pixel(intact: Path, empty: list[int]) -> None:
    expected, _ = extract(intact)
    coordinates = open_dataset(intact).index.coordinates[empty]
    for image in expected:
        image[coordinates[:, 1] - 1, coordinates[:, 0] - 1] = 0
    acquired = open_dataset(intact).grid.acquisition_mask
    require_same(rewrite(intact, without_arrays(*empty)), expected, f"{len(empty)} of")
    np.testing.assert_array_equal(open_dataset(intact).grid.acquisition_mask, acquired)


def test_a_file_of_empty_spectra_is_refused(intact: Path) -> None:
    rewrite(intact, without_arrays(*range(len(open_dataset(intact).index))))
    with pytest.raises(InvalidIonImageError, match="arrays"):
        open_dataset(intact)


def test_a_spectrum_with_only_other_arrays_does_not_count_as_empty(intact: Path) -> None:
    spectrum = re.findall(r"<spectrum .*?</spectrum>", intact.read_text(), re.DOTALL)[3]
    other = spectrum.replace('ref="mzArray"', 'ref="x"').replace('ref="intensityArray"', 'ref="x"')
    rewrite(intact, change(spectrum, other))
    with pytest.raises(InvalidIonImageError, match="spectrum 4"):
        open_dataset(intact)


@pytest.mark.parametrize("write_number", ["{:e}", "{:.1f}", " {} ", "+{}"])
def test_whole_numbers_are_read_as_r_writes_them(intact: Path, write_number: str) -> None:
    expected, _ = extract(intact)

    def rewrite_numbers(text: str) -> str:
        return re.sub(
            r'(IMS:10001?0?(?:50|51|102|103|104)"[^>]* value=")(\d+)',
            lambda found: found[1] + write_number.format(int(found[2])),
            text,
        )

    require_same(rewrite(intact, rewrite_numbers), expected, "")


@pytest.mark.parametrize("number", ["1e+99", "1e-5", "16.5", "1e999999999", "nan", "inf", "1e", "0x10", "9" * 5000])
def test_a_number_that_is_not_whole_is_refused(intact: Path, number: str) -> None:
    rewrite(intact, put("IMS:1000102", number, 1))
    with pytest.raises(InvalidIonImageError, match="external offset"):
        open_dataset(intact)


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("UTF-8", "cp1252"), ("us-ascii", "cp1252"), ("utf-16", "utf-8"), ("utf-16", "cp1252"), (None, "cp1252")],
)
@pytest.mark.parametrize("element", ["<cvList ", "</mzML>"])
def test_a_file_in_another_encoding_than_declared_is_read(
    intact: Path, declared: str | None, encoding: str, element: str
) -> None:
    expected, _ = extract(intact)
    text = intact.read_text().replace(element, f'<!-- Gerät "1" \N{EN DASH} µm -->{element}', 1)
    declaration = "" if declared is None else f'<?xml version="1.0" encoding="{declared}"?>\n'
    intact.write_bytes((declaration + text[text.index("<mzML") :]).encode(encoding))
    require_same(intact, expected, "" if declared is None else declared)


def test_the_number_of_parameter_groups_is_limited(intact: Path) -> None:
    groups = "".join(f'<referenceableParamGroup id="g{number}"/>' for number in range(10_001))
    rewrite(intact, change("<referenceableParamGroupList", f"{groups}<referenceableParamGroupList", 1))
    with pytest.raises(TooLargeError, match="groups"):
        open_dataset(intact)


def test_a_long_group_id_is_refused(intact: Path) -> None:
    rewrite(intact, change('id="scan1"', f'id="{"x" * 5000}"'))
    with pytest.raises(TooLargeError, match="id"):
        open_dataset(intact)
