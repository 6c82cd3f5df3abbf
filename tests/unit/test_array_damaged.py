"""Array files that are damaged, hostile or none at all: each is a clear error, before much of it is read."""

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from array_making import IMAGES, LIMITS, RNG, describe, npy_bytes, npy_header, npz_bytes, read_all, write
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.arrays.array import open_array
from shared.errors import InvalidIonImageError, TooLargeError

BAD: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "readable"),
    "no array": (b"hello, world", "readable"),
    "cut magic": (npy_bytes(IMAGES)[:5], "readable"),
    "cut header": (npy_bytes(IMAGES)[:40], "readable"),
    "later version": (b"\x93NUMPY\x03\x00" + bytes(200), "version"),
    "objects": (npy_bytes(np.array([[None]])), "dtype object"),
    "complex": (npy_bytes(IMAGES.astype(complex)), "real numbers"),
    "strings": (npy_bytes([["a"]]), "real numbers"),
    "records": (npy_bytes(np.zeros((1, 2, 2), "f4,f4")), "real numbers"),
    "one axis": (npy_bytes(np.ones(5)), "shape"),
    "four axes": (npy_bytes(np.ones((1, 2, 3, 4))), "shape"),
    "no height": (npy_bytes(np.ones((2, 0, 3))), "shape"),
    "128 bits": (npy_bytes(IMAGES.astype("f16")), "128 bits"),
    "negative sides": (npy_header(describe("(2, -3, -4)")) + bytes(200), "integers"),
    "negative count": (npy_header(describe("(-2, 3, 4)")) + bytes(200), "integers"),
    "truth values as sides": (npy_header(describe("(True, True)")) + bytes(200), "integers"),
    "no shape": (npy_header("{'descr': '<f4'}\n"), "readable"),
    "endless minus": (npy_header(describe("-" * 9000 + "1")), "readable"),
    "open brackets": (npy_header(describe("(" * 5000)), "readable"),
    "open text": (npy_header("{'a': '''"), "readable"),
    "number as dtype": (npy_header(describe("(1, 2, 2)", "5")), "readable"),
    "zip of nothing": (npz_bytes(), "images"),
    "no images": (npz_bytes(mz=npy_bytes([1.0])), "images"),
    "no zip after all": (b"PK" + bytes(100), "is corrupt"),
    "zip without its end": (npz_bytes(images=npy_bytes(IMAGES))[:-30], "is corrupt"),
    "member no array": (npz_bytes(images=b"hello"), "readable"),
    "mask of another shape": (
        npz_bytes(images=npy_bytes(IMAGES), acquired=npy_bytes(np.ones((5, 4)))),
        "acquired",
    ),
    "mask of strings": (npz_bytes(images=npy_bytes(IMAGES), acquired=npy_bytes(np.full((4, 5), "x"))), "real numbers"),
    "mz of another length": (npz_bytes(images=npy_bytes(IMAGES), mz=npy_bytes([1.0])), r"expected \(3,\)"),
    "mz as strings": (npz_bytes(images=npy_bytes(IMAGES), mz=npy_bytes(["a", "b", "c"])), "expected"),
    "ids of another length": (npz_bytes(images=npy_bytes(IMAGES), annotation_ids=npy_bytes(["a"])), r"\(3,\)"),
    "ids repeated": (
        npz_bytes(images=npy_bytes(IMAGES), annotation_ids=npy_bytes(["a", "b", "a"])),
        "annotation_ids",
    ),
    "ids as objects": (
        npz_bytes(images=npy_bytes(IMAGES), annotation_ids=npy_bytes(np.array(["a", "b", None]))),
        "strings",
    ),
    "ids no Unicode": (
        npz_bytes(images=npy_bytes(IMAGES), annotation_ids=npy_bytes(np.array([b"\xff", b"a", b"b"]))),
        "Unicode",
    ),
}


@pytest.mark.parametrize(("content", "noun"), BAD.values(), ids=BAD)
def test_a_bad_file_is_a_clear_error(tmp_path: Path, content: bytes, noun: str) -> None:
    with pytest.raises(InvalidIonImageError, match=noun):
        read_all(write(tmp_path, content))


def test_a_pickle_is_not_unpickled(tmp_path: Path) -> None:
    marker = tmp_path / "unpickled"

    class Bomb:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return Path.touch, (marker,)  # type: ignore[return-value]

    bomb = np.empty((1, 1), object)
    bomb[0, 0] = Bomb()
    for content in (npy_bytes(bomb), npz_bytes(images=npy_bytes(IMAGES[:1]), annotation_ids=npy_bytes(bomb[0]))):
        with pytest.raises(InvalidIonImageError):
            read_all(write(tmp_path, content))
    assert not marker.exists()


BOMBS = {
    "more images than an event may have": npy_header(describe("(100001, 2, 2)")),
    "more pixels than an image may have": npy_header(describe("(1, 4096, 4096)")),
    "a longer side than an image may have": npy_header(describe("(1, 4097, 1)")),
    "more bytes than a file may have": npy_header(describe("(1000, 4000, 4000)")),
    "very many images": npy_header(describe(f"({10**30}, 2, 2)")),
    "an npz of more bytes": npz_bytes(images=npy_header(describe("(1000, 4000, 4000)"))),
    "ids of a megabyte": npz_bytes(
        images=npy_bytes(IMAGES), annotation_ids=npy_header(describe("(3,)", "'<U1000000'"))
    ),
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS)
def test_a_header_above_the_limits_is_refused_before_reading(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(TooLargeError, match=r"number|side|size|length"):
        open_array(write(tmp_path, content), LIMITS)


@pytest.mark.parametrize("name", ["acquired", "mz", "annotation_ids"])
def test_a_column_of_petabytes_is_refused_before_reading(tmp_path: Path, name: str) -> None:
    descr = "'<U9'" if name == "annotation_ids" else "'<f8'"
    bomb = npz_bytes(images=npy_bytes(IMAGES), **{name: npy_header(describe(f"({10**15},)", descr))})
    with pytest.raises(InvalidIonImageError, match=name):
        open_array(write(tmp_path, bomb), LIMITS)


def test_a_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match="size"):
        open_array(write(tmp_path, npy_bytes(IMAGES)), replace(LIMITS, array_file_bytes=100))


def test_an_npy_followed_by_an_npz_is_read_as_npy(tmp_path: Path) -> None:
    rows = read_all(write(tmp_path, npy_bytes(IMAGES) + npz_bytes(images=npy_bytes(IMAGES[:1]))))
    assert len(rows) == 3


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressions_without_a_size_limit_are_refused(tmp_path: Path, compression: int) -> None:
    with pytest.raises(InvalidIonImageError, match="compression"):
        read_all(write(tmp_path, npz_bytes(compression, images=npy_bytes(IMAGES))))


def test_altered_pixels_in_an_npz_are_an_error(tmp_path: Path) -> None:
    content = bytearray(npz_bytes(images=npy_bytes(RNG.random((3, 20, 20)))))
    content[3000:3020] = bytes(20)
    with pytest.raises(InvalidIonImageError, match=r"is corrupt|truncated"):
        read_all(write(tmp_path, bytes(content)))


def test_an_encrypted_npz_is_an_error(tmp_path: Path) -> None:
    content = bytearray(npz_bytes(images=npy_bytes(IMAGES)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InvalidIonImageError, match="encrypted"):
        read_all(write(tmp_path, bytes(content)))


@given(st.binary(max_size=400) | st.binary(max_size=400).map(lambda content: b"PK\x03\x04" + content))
def test_any_bytes_are_an_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises((InvalidIonImageError, TooLargeError)):
        read_all(write(tmp_path, content))


WHOLE = [
    npy_bytes(IMAGES),
    npz_bytes(
        images=npy_bytes(IMAGES),
        acquired=npy_bytes(np.ones((4, 5), np.bool_)),
        mz=npy_bytes([1.0, 2.0, 3.0]),
        annotation_ids=npy_bytes(["a", "b", "c"]),
    ),
]
changes = st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), min_size=1, max_size=4)


@settings(max_examples=400)
@given(st.sampled_from(WHOLE), changes, st.integers(0, 200))
def test_an_altered_file_is_read_or_a_clear_error(
    tmp_path: Path, whole: bytes, changed: list[tuple[int, int]], cut: int
) -> None:
    content = bytearray(whole)
    for position, value in changed:
        content[position % len(content)] = value
    path = write(tmp_path, bytes(content[: len(content) - cut]))
    try:
        array = open_array(path, LIMITS)
        rows = list(array.rows())
    except (InvalidIonImageError, TooLargeError):
        return
    assert {pixels.shape for pixels, _ in rows} <= {array.shape[1:]}
    assert len(rows) == array.shape[0]


headers = st.text(
    st.sampled_from("()[]{}',:-1234567890 <>|fiuOU'descrfortran_ordershapeTrueFalseNone\n\"#\\"), max_size=80
)


@given(headers | st.builds(describe, headers) | st.builds(describe, st.just("(1, 2, 2)"), headers))
def test_any_header_is_read_or_a_clear_error(tmp_path: Path, header: str) -> None:
    try:
        read_all(write(tmp_path, npy_header(header) + bytes(64)))
    except (InvalidIonImageError, TooLargeError) as error:
        assert str(error)  # noqa: PT017 - either outcome is correct
