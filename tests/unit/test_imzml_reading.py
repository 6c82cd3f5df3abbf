"""Damaged, hostile and odd imzML files: one clear sentence each, and never another kind of error."""

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
    "empty": (lambda _: "", "is no XML, or is cut off or damaged, at line 1 .*no element found"),
    "no XML": (lambda _: "annotation_id,mz\n1,2\n", "is no XML, or is cut off or damaged, at line 1"),
    "other XML": (lambda _: "<html><body/></html>", r"is XML of another kind \(<html>\)"),
    "cut off": (lambda text: text[: len(text) // 2], "is no XML, or is cut off or damaged, at line"),
    "cut off in a tag": (lambda text: text[:-3], "cut off or damaged"),
    "entity bomb": (lambda text: BOMB + text[text.index("<mzML") :], "has a document type declaration"),
    "entity from disk": (lambda text: ENTITY_FROM_DISK + text[text.index("<mzML") :], "document type declaration"),
    "external DTD": (
        lambda text: '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd">' + text[text.index("<mzML") :],
        "document",
    ),
    "undefined entity": (change("<spectrum ", "&nosuch;<spectrum ", 1), "undefined entity"),
    "deep": (change("<run ", "<a>" * 400_000 + "<run ", 1), "nests more than 100 elements"),
    "long tag": (change("<run ", f'<a b="{"x" * 20_000_000}"/><run ', 1), "has a tag or text above 8,388,608 bytes"),
    "unknown encoding": (
        lambda text: '<?xml version="1.0" encoding="klingon"?>' + text[text.index("<mzML") :],
        "is in the encoding 'klingon'",
    ),
    "no spectra": (lambda text: re.sub(r"<spectrum .*</spectrum>", "", text, flags=re.DOTALL), "has no spectrum"),
    "no coordinates": (drop("IMS:1000050"), "spectrum 1 of 'a.imzML' does not say its position x"),
    "wrong coordinate": (put("IMS:1000051", "one", 1), "spectrum 1 of 'a.imzML' has the position y 'one'"),
    "endless coordinate": (put("IMS:1000051", "9" * 5000, 1), "has the position y '999"),
    "negative coordinate": (put("IMS:1000050", "-3", 1), r"has positions below 0 \(x -3"),
    "all at one place": (
        lambda text: put("IMS:1000050", "0")(put("IMS:1000051", "0")(text)),
        r"has all its spectra \(\d+\) at one place \(x 0, y 0\)",
    ),
    "no offset": (drop("IMS:1000102"), "does not say its external offset"),
    "no length": (drop("IMS:1000103"), "does not say its external array length"),
    "negative offset": (put("IMS:1000102", "-16", 1), r"places the m/z array of spectrum \d+ at byte -16"),
    "offset beyond the file": (
        put("IMS:1000102", "123456789", 1),
        "places the m/z array of spectrum",
    ),
    "offset beyond 64 bits": (put("IMS:1000102", "9" * 30, 1), "external offset '9+'; .*below 2\\*\\*63"),
    "length beyond the file": (put("IMS:1000103", "4000000"), "64-bit float for its m/z arrays"),
    "length beyond reason": (put("IMS:1000103", "4000000000000000000"), "expected as many of both"),
    "negative length": (put("IMS:1000103", "-1"), "has -1 m/z and -1 intensities"),
    "lengths that differ": (put("IMS:1000103", "7", 1), "has 7 m/z and 40 intensities"),
    "no number format": (drop("MS:1000523"), "does not say the number format of its m/z arrays"),
    "unknown number format": (
        change('accession="MS:1000523" name="64-bit float"', 'accession="MS:1999999" name="7-bit float"'),
        "has m/z arrays in '7-bit float'",
    ),
    "unknown compression": (
        change(
            'accession="MS:1000576" name="no compression"',
            'accession="MS:1002312" name="MS-Numpress linear prediction compression"',
        ),
        "arrays in 'MS-Numpress linear prediction compression'",
    ),
    "no intensities": (change("intensityArray", "elsewhere", 2), "has not one m/z array and one intensity array"),
    "two m/z arrays": (
        change('ref="intensityArray"', 'ref="mzArray"'),
        "has not one m/z array and one intensity array",
    ),
    "two number formats": (
        change(
            '<referenceableParamGroupRef ref="mzArray"/>',
            '<cvParam accession="MS:1000514" name="m/z array"/><cvParam accession="MS:1000521" name="32-bit float"/>',
            1,
        ),
        "has m/z arrays of different number formats",
    ),
    "another UUID": (
        lambda text: put("IMS:1000080", "00000000-0000-4000-8000-000000000000")(drop("IMS:1000091")(text)),
        "begins with the UUID .* the two files of one",
    ),
}


@pytest.mark.parametrize(("make", "sentence"), BAD_XML.values(), ids=BAD_XML)
def test_a_bad_imzml_is_one_sentence(sound: Path, make: Callable[[str], str], sentence: str) -> None:
    sound.write_text(make(sound.read_text(encoding="latin-1")), encoding="latin-1")
    with pytest.raises(InvalidIonImageError, match=sentence) as caught:
        read(sound)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_the_spectrum_that_is_named_is_the_one_of_the_file(tmp_path: Path) -> None:
    """Though spectra are read in the order of their numbers, and of one plane only."""
    spectra = [([100.0], [1.0], (x, 1, z)) for z in (1, 2) for x in (1, 2)]
    path = write_imzml(tmp_path / "a.imzML", spectra)
    first, second, third, fourth = re.findall(r"<spectrum .*?</spectrum>", path.read_text(), re.DOTALL)
    text = path.read_text().replace(first, fourth).replace(third, put("IMS:1000102", "5000000", 1)(third))
    path.write_text(text)
    with pytest.raises(InvalidIonImageError, match="places the m/z array of spectrum 3 at"):
        open_imzml(path, path.with_suffix(".ibd"), Limits(), z=2)
    assert second in text


def test_an_absurd_position_would_be_too_large_an_image(sound: Path) -> None:
    sound.write_text(put("IMS:1000050", "2000000000", 1)(sound.read_text()))
    with pytest.raises(TooLargeError, match="ion image"):
        read(sound)


def test_files_above_the_limits_are_refused(sound: Path) -> None:
    for limits in (Limits(imzml_bytes=1000), Limits(ibd_bytes=1000), Limits(image_pixels=10), Limits(image_side_px=3)):
        with pytest.raises(TooLargeError, match="at most"):
            read(sound, limits)


def test_what_is_no_regular_file_is_refused(sound: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for imzml, ibd in ((tmp_path / "pipe", sound.with_suffix(".ibd")), (sound, tmp_path / "pipe"), (sound, tmp_path)):
        with pytest.raises(NotFoundError, match="is no regular file"):
            open_imzml(imzml, ibd, Limits())


def test_nine_pixels_are_a_dataset(tmp_path: Path) -> None:
    dataset = open_imzml(write_imzml(tmp_path / "a.imzML", make_spectra(3, 3)), tmp_path / "a.ibd", Limits())
    assert dataset.grid.acquisition_mask.shape == (3, 3)


def test_a_uuid_with_swapped_bytes_or_none_is_let_through(sound: Path) -> None:
    ibd = sound.with_suffix(".ibd")
    content = ibd.read_bytes()
    swapped = content[3::-1] + content[5:3:-1] + content[7:5:-1] + content[8:16]
    ibd.write_bytes(swapped + content[16:])
    read(sound)
    ibd.write_bytes(b"?" * 16 + content[16:])
    sound.write_text(drop("IMS:1000080")(sound.read_text()))
    read(sound)


@pytest.mark.parametrize("prefix", ["prefixed", "none"])
def test_the_namespace_may_be_written_otherwise(sound: Path, prefix: str) -> None:
    expected = read_index(sound, Limits())
    text = sound.read_text()
    if prefix == "none":
        text = text.replace('xmlns="http://psi.hupo.org/ms/mzml"', "")
    else:
        text = re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1ns0:", text).replace("xmlns=", "xmlns:ns0=")
    sound.write_text(text)
    found = read_index(sound, Limits())
    np.testing.assert_array_equal(found.coordinates, expected.coordinates)
    np.testing.assert_array_equal(found.intensity.offsets, expected.intensity.offsets)
    read(sound)


def test_the_index_is_what_pyimzml_reads() -> None:
    found = open_imzml(REAL_IMZML, REAL_IMZML.with_suffix(".ibd"), Limits()).index
    with open_with_pyimzml(REAL_IMZML) as parser:
        assert found.coordinates.tolist() == [list(one) for one in parser.coordinates]
        assert found.mz.offsets.tolist() == parser.mzOffsets
        assert found.intensity.offsets.tolist() == parser.intensityOffsets
        assert found.mz.lengths.tolist() == parser.mzLengths
        assert (np.dtype(found.mz.format.dtype), found.is_centroid) == (np.dtype("<f8"), True)
        assert parser.spectrum_mode == "centroid"


@given(st.lists(st.integers(0, 2**34), min_size=1, max_size=30).map(sorted))
def test_offsets_stored_in_32_bits_are_mended(offsets: list[int]) -> None:
    """Where steps are below 2 GiB, as they are between spectra."""
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
    for suffix, sound in small.items():
        content = bytearray(sound)
        for _ in range(data.draw(st.integers(0, 4))):
            place = data.draw(st.integers(0, len(content) - 1))
            length = data.draw(st.integers(0, 40))
            content[place : place + length] = data.draw(st.binary(max_size=40))
        path.with_suffix(suffix).write_bytes(content)
    with suppress(InvalidInputError):
        read(path)
