"""Damaged, hostile and unusual imzML files are clear errors, never other exceptions."""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imzml_damaging import change, drop, put, read
from imzml_making import REAL_IMZML, make_spectra, open_with_pyimzml, write_imzml

from shared.errors import InvalidInputError, InvalidIonImageError, NotFoundError, TooLargeError
from shared.imzml.dataset import open_imzml
from shared.imzml.index import unwrap_offsets
from shared.imzml.index_reader import read_index
from shared.limits import Limits

BOMB = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'


ENTITY_FROM_DISK = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'


BAD_XML: dict[str, tuple[Callable[[str], str], str]] = {
    "empty": (lambda _: "", "XML"),
    "not XML": (lambda _: "annotation_id,mz\n1,2\n", "XML"),
    "other XML": (lambda _: "<html><body/></html>", "<html>"),
    "truncated": (lambda text: text[: len(text) // 2], "truncated"),
    "truncated in a tag": (lambda text: text[:-3], "truncated"),
    "entity bomb": (lambda text: BOMB + text[text.index("<mzML") :], "document type"),
    "entity from disk": (lambda text: ENTITY_FROM_DISK + text[text.index("<mzML") :], "document type"),
    "external DTD": (
        lambda text: '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd">' + text[text.index("<mzML") :],
        "document type",
    ),
    "undefined entity": (change("<spectrum ", "&nosuch;<spectrum ", 1), "entity"),
    "deep": (change("<run ", "<a>" * 400_000 + "<run ", 1), "nests"),
    "long tag": (change("<run ", f'<a b="{"x" * 20_000_000}"/><run ', 1), "tag"),
    "unknown encoding": (
        lambda text: '<?xml version="1.0" encoding="klingon"?>' + text[text.index("<mzML") :],
        "klingon",
    ),
    "no spectra": (lambda text: re.sub(r"<spectrum .*</spectrum>", "", text, flags=re.DOTALL), "spectrum"),
    "no coordinates": (drop("IMS:1000050"), "position x"),
    "wrong coordinate": (put("IMS:1000051", "one", 1), "position y"),
    "endless coordinate": (put("IMS:1000051", "9" * 5000, 1), "position y"),
    "negative coordinate": (put("IMS:1000050", "-3", 1), "positions"),
    "all at one position": (
        lambda text: put("IMS:1000050", "0")(put("IMS:1000051", "0")(text)),
        "one position",
    ),
    "no offset": (drop("IMS:1000102"), "external offset"),
    "no length": (drop("IMS:1000103"), "external array length"),
    "negative offset": (put("IMS:1000102", "-16", 1), "byte -16"),
    "offset beyond the file": (
        put("IMS:1000102", "123456789", 1),
        "byte 123,456,789",
    ),
    "offset beyond 64 bits": (put("IMS:1000102", "9" * 30, 1), "external offset"),
    "length beyond the file": (put("IMS:1000103", "4000000"), "64-bit float"),
    "absurd length": (put("IMS:1000103", "4000000000000000000"), "intensities"),
    "negative length": (put("IMS:1000103", "-1"), "intensities"),
    "lengths that differ": (put("IMS:1000103", "7", 1), "intensities"),
    "no number format": (drop("MS:1000523"), "number format"),
    "unknown number format": (
        change('accession="MS:1000523" name="64-bit float"', 'accession="MS:1999999" name="7-bit float"'),
        "7-bit float",
    ),
    "unknown compression": (
        change(
            'accession="MS:1000576" name="no compression"',
            'accession="MS:1002312" name="MS-Numpress linear prediction compression"',
        ),
        "Numpress",
    ),
    "no intensities": (change("intensityArray", "elsewhere", 2), "intensity array"),
    "two m/z arrays": (
        change('ref="intensityArray"', 'ref="mzArray"'),
        "intensity array",
    ),
    "two number formats": (
        change(
            '<referenceableParamGroupRef ref="mzArray"/>',
            '<cvParam accession="MS:1000514" name="m/z array"/><cvParam accession="MS:1000521" name="32-bit float"/>',
            1,
        ),
        "number formats",
    ),
    "another UUID": (
        lambda text: put("IMS:1000080", "00000000-0000-4000-8000-000000000000")(drop("IMS:1000091")(text)),
        "UUID",
    ),
}


@pytest.mark.parametrize(("make", "noun"), BAD_XML.values(), ids=BAD_XML)
def test_a_bad_imzml_is_a_clear_error(intact: Path, make: Callable[[str], str], noun: str) -> None:
    intact.write_text(make(intact.read_text(encoding="latin-1")), encoding="latin-1")
    with pytest.raises(InvalidIonImageError, match=noun) as caught:
        read(intact)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_an_error_names_the_spectrum_by_its_number_in_the_file(tmp_path: Path) -> None:
    """Although spectra are read in the order of their intensities, and only those of one plane."""
    spectra = [([100.0], [1.0], (x, 1, z)) for z in (1, 2) for x in (1, 2)]
    path = write_imzml(tmp_path / "a.imzML", spectra)
    first, second, third, fourth = re.findall(r"<spectrum .*?</spectrum>", path.read_text(), re.DOTALL)
    text = path.read_text().replace(first, fourth).replace(third, put("IMS:1000102", "5000000", 1)(third))
    path.write_text(text)
    with pytest.raises(InvalidIonImageError, match="spectrum 3 "):
        open_imzml(path, path.with_suffix(".ibd"), Limits(), z=2)
    assert second in text


def test_an_absurd_position_is_too_large(intact: Path) -> None:
    intact.write_text(put("IMS:1000050", "2000000000", 1)(intact.read_text()))
    with pytest.raises(TooLargeError, match="ion image"):
        read(intact)


def test_files_above_the_limits_are_refused(intact: Path) -> None:
    for limits in (Limits(imzml_bytes=1000), Limits(ibd_bytes=1000), Limits(image_pixels=10), Limits(image_side_px=3)):
        with pytest.raises(TooLargeError, match="at most"):
            read(intact, limits)


def test_only_regular_files_are_read(intact: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for imzml, ibd in (
        (tmp_path / "pipe", intact.with_suffix(".ibd")),
        (intact, tmp_path / "pipe"),
        (intact, tmp_path),
    ):
        with pytest.raises(NotFoundError, match="regular file"):
            open_imzml(imzml, ibd, Limits())


def test_nine_pixels_are_enough(tmp_path: Path) -> None:
    dataset = open_imzml(write_imzml(tmp_path / "a.imzML", make_spectra(3, 3)), tmp_path / "a.ibd", Limits())
    assert dataset.grid.acquisition_mask.shape == (3, 3)


def test_a_uuid_may_be_missing_or_have_swapped_bytes(intact: Path) -> None:
    ibd = intact.with_suffix(".ibd")
    content = ibd.read_bytes()
    swapped = content[3::-1] + content[5:3:-1] + content[7:5:-1] + content[8:16]
    ibd.write_bytes(swapped + content[16:])
    read(intact)
    ibd.write_bytes(b"?" * 16 + content[16:])
    intact.write_text(drop("IMS:1000080")(intact.read_text()))
    read(intact)


@pytest.mark.parametrize("prefix", ["prefixed", "none"])
def test_the_namespace_may_have_a_prefix_or_be_missing(intact: Path, prefix: str) -> None:
    expected = read_index(intact, Limits())
    text = intact.read_text()
    if prefix == "none":
        text = text.replace('xmlns="http://psi.hupo.org/ms/mzml"', "")
    else:
        text = re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1ns0:", text).replace("xmlns=", "xmlns:ns0=")
    intact.write_text(text)
    found = read_index(intact, Limits())
    np.testing.assert_array_equal(found.coordinates, expected.coordinates)
    np.testing.assert_array_equal(found.intensity.offsets, expected.intensity.offsets)
    read(intact)


def test_the_index_agrees_with_pyimzml() -> None:
    found = open_imzml(REAL_IMZML, REAL_IMZML.with_suffix(".ibd"), Limits()).index
    with open_with_pyimzml(REAL_IMZML) as parser:
        assert found.coordinates.tolist() == [list(one) for one in parser.coordinates]
        assert found.mz.offsets.tolist() == parser.mzOffsets
        assert found.intensity.offsets.tolist() == parser.intensityOffsets
        assert found.mz.lengths.tolist() == parser.mzLengths
        assert (np.dtype(found.mz.format.dtype), found.is_centroid) == (np.dtype("<f8"), True)
        assert parser.spectrum_mode == "centroid"


@given(st.lists(st.integers(0, 2**34), min_size=1, max_size=30).map(sorted))
def test_offsets_wrapped_at_32_bits_are_restored(offsets: list[int]) -> None:
    """As long as steps are below 2 GiB, as they are between spectra."""
    column = np.cumsum(np.diff(np.array([0, *offsets]) % 2**30, prepend=0) % 2**30).astype(np.int64)
    stored = column.astype(np.uint64).astype(np.uint32).view(np.int32).astype(np.int64)
    np.testing.assert_array_equal(unwrap_offsets(stored), column)


@pytest.fixture
def small(tmp_path: Path) -> dict[str, bytes]:
    """The two files of six pixels, by suffix."""
    path = write_imzml(tmp_path / "small.imzML", make_spectra(2, 3, 5))
    return {suffix: path.with_suffix(suffix).read_bytes() for suffix in (".imzML", ".ibd")}


@settings(max_examples=80)
@given(data=st.data())
def test_any_damage_is_a_clear_error_or_none(small: dict[str, bytes], tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "a.imzML"
    for suffix, intact in small.items():
        content = bytearray(intact)
        for _ in range(data.draw(st.integers(0, 4))):
            offset = data.draw(st.integers(0, len(content) - 1))
            length = data.draw(st.integers(0, 40))
            content[offset : offset + length] = data.draw(st.binary(max_size=40))
        path.with_suffix(suffix).write_bytes(content)
    with suppress(InvalidInputError):
        read(path)
