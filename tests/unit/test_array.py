"""Array files: what numpy.save and numpy.savez write is read."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from array_making import IMAGES, LIMITS, RNG, npy_bytes, npz_bytes, read_all, write

from shared.arrays.array import open_array
from shared.errors import InvalidIonImageError


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u4", "i8", "f2", "<f4", ">f8", "?"])
def test_an_npy_of_any_real_type_is_read(tmp_path: Path, dtype: str) -> None:
    images = (IMAGES * 9).astype(dtype)
    rows = read_all(write(tmp_path, npy_bytes(images)))
    np.testing.assert_array_equal([pixels for pixels, _ in rows], images)
    assert [mask for _, mask in rows] == [None, None, None]


def test_one_image_in_an_npy_is_a_dataset_of_one(tmp_path: Path) -> None:
    array = open_array(write(tmp_path, npy_bytes(IMAGES[0])), LIMITS)
    assert array.shape == (1, 4, 5)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_the_columns_of_an_npz_are_read(tmp_path: Path, save: Any) -> None:
    path = tmp_path / "dataset.npz"
    save(path, images=IMAGES, mz=[100.5, 200.5, 300.5], annotation_ids=["a", "b", "ç"], ignored=[1])
    array = open_array(path, LIMITS)
    assert array.shape == (3, 4, 5)
    assert array.annotation_ids == ["a", "b", "ç"]
    assert array.mz is not None
    np.testing.assert_array_equal(array.mz, [100.5, 200.5, 300.5])
    np.testing.assert_array_equal([pixels for pixels, _ in array.rows()], IMAGES)


def test_one_acquisition_mask_may_apply_to_all_images(tmp_path: Path) -> None:
    mask = RNG.random((4, 5)) > 0.5
    np.savez(tmp_path / "dataset.npz", images=IMAGES, acquired=mask)
    masks = [found for _, found in read_all(tmp_path / "dataset.npz")]
    np.testing.assert_array_equal(masks, np.stack([mask] * 3))


def test_each_image_may_have_its_own_acquisition_mask(tmp_path: Path) -> None:
    masks = RNG.integers(0, 2, IMAGES.shape)
    np.savez_compressed(tmp_path / "dataset.npz", images=IMAGES, acquired=masks)
    np.testing.assert_array_equal([found for _, found in read_all(tmp_path / "dataset.npz")], masks)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("masks", [IMAGES > 0.5, IMAGES[0] > 0.5], ids=["a mask each", "one mask"])
def test_arrays_in_fortran_order_are_read(tmp_path: Path, save: Any, masks: npt.NDArray[np.bool_]) -> None:
    path = tmp_path / "dataset.npz"
    save(path, images=np.asfortranarray(IMAGES), acquired=np.asfortranarray(masks))
    for wanted in (None, [0, 2], [1]):
        rows = list(open_array(path, LIMITS).rows(wanted))
        chosen = range(3) if wanted is None else wanted
        np.testing.assert_array_equal([pixels for pixels, _ in rows], IMAGES[list(chosen)])
        np.testing.assert_array_equal(
            np.stack([mask for _, mask in rows if mask is not None]),
            np.broadcast_to(masks, IMAGES.shape)[list(chosen)],
        )


def test_one_image_in_fortran_order_is_read(tmp_path: Path) -> None:
    rows = read_all(write(tmp_path, npy_bytes(np.asfortranarray(IMAGES[0]))))
    np.testing.assert_array_equal(rows[0][0], IMAGES[0])


def test_a_large_array_in_fortran_order_is_read_in_blocks(tmp_path: Path) -> None:
    """180 MB: neither its pixels fit into one read nor its images into one block."""
    images = np.arange(2000 * 300, dtype=np.uint32).reshape(2000, 300, 1) % 251 * np.ones((1, 1, 300), np.uint8)
    path = write(tmp_path, npy_bytes(np.asfortranarray(images.astype(np.uint8))))
    for row, (pixels, _) in zip((3, 1999), open_array(path, LIMITS).rows([3, 1999]), strict=True):
        np.testing.assert_array_equal(pixels, images[row])
    for row, (pixels, _) in enumerate(open_array(path, LIMITS).rows()):
        assert row % 500 or (pixels == images[row]).all()


def test_images_of_the_other_byte_order_in_fortran_order_are_read(tmp_path: Path) -> None:
    rows = read_all(write(tmp_path, npy_bytes(np.asfortranarray(IMAGES.astype(">f4")))))
    np.testing.assert_array_equal([pixels for pixels, _ in rows], IMAGES.astype("f4"))


@pytest.mark.parametrize("letter", [0x110000, 0xFFFFFFFF, 0xD800, 0xDFFF], ids=hex)
def test_an_id_that_is_not_unicode_is_an_error(tmp_path: Path, letter: int) -> None:
    """NumPy hands such letters to Python, which raises SystemError or makes a string that cannot be encoded."""
    ids = np.array([letter, 97, 98], "<u4").view("<U1")
    path = write(tmp_path, npz_bytes(images=npy_bytes(IMAGES), annotation_ids=npy_bytes(ids)))
    with pytest.raises(InvalidIonImageError, match="Unicode"):
        open_array(path, LIMITS)


def test_ids_of_the_other_byte_order_are_read(tmp_path: Path) -> None:
    ids = np.array(["a", "b", "ç"]).astype(">U1")
    path = write(tmp_path, npz_bytes(images=npy_bytes(IMAGES), annotation_ids=npy_bytes(ids)))
    assert open_array(path, LIMITS).annotation_ids == ["a", "b", "ç"]


@pytest.mark.parametrize(
    ("ids", "expected"), [([b"a", b"\xc3\xa7"], ["a", "ç"]), ([7, 5], ["7", "5"]), (["x y", "z"], ["x y", "z"])]
)
def test_annotation_ids_may_be_bytes_or_numbers(tmp_path: Path, ids: list[Any], expected: list[str]) -> None:
    path = write(tmp_path, npz_bytes(images=npy_bytes(IMAGES[:2]), annotation_ids=npy_bytes(np.array(ids))))
    assert open_array(path, LIMITS).annotation_ids == expected


def test_an_array_without_images_is_read(tmp_path: Path) -> None:
    array = open_array(write(tmp_path, npy_bytes(IMAGES[:0])), LIMITS)
    assert array.shape == (0, 4, 5)
    assert list(array.rows()) == []


def test_the_complete_images_of_a_truncated_npy_are_read_before_the_error(tmp_path: Path) -> None:
    path = write(tmp_path, npy_bytes(IMAGES)[:-200])
    rows = open_array(path, LIMITS).rows()
    np.testing.assert_array_equal(next(rows)[0], IMAGES[0])
    with pytest.raises(InvalidIonImageError, match="truncated"):
        list(rows)
