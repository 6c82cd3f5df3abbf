"""Arrays as a source: rows, ids, and what is still read from a damaged file."""

from pathlib import Path

import numpy as np
import pytest
import zarr
from source_making import annotate, array, fetch

from shared.errors import (
    InvalidAnnotationsError,
    TooLargeError,
)
from shared.ion_image import IonImage
from worker.sources.opening import SourceAccess, open_source

IMAGES = np.random.default_rng(0).random((5, 6, 7))


def test_an_array_without_ids_is_annotated_by_row(tmp_path: Path, access: SourceAccess) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    source = open_source(array(tmp_path / "a.npy"), access)
    assert [(one.annotation_id, one.image) for one in source.annotations()] == [(str(n), n) for n in range(5)]
    found = fetch(source, annotate("3"))
    assert isinstance(found["3"], IonImage)
    np.testing.assert_allclose(found["3"].intensities, IMAGES[3].astype(np.float32))


def test_an_array_with_ids_and_mz_is_annotated_by_them(tmp_path: Path, access: SourceAccess) -> None:
    mz = [100.5, np.nan, -1, np.inf, 300]
    np.savez(tmp_path / "a.npz", images=IMAGES, annotation_ids=["a", "b", "c", "d", "4"], mz=mz)
    source = open_source(array(tmp_path / "a.npz"), access)
    assert [(one.annotation_id, one.mz) for one in source.annotations()] == [
        ("a", 100.5), ("b", None), ("c", None), ("d", None), ("4", 300)
    ]  # fmt: skip
    found = fetch(source, [*annotate("d", "0"), *annotate("x", image=0), *annotate("y", image="1")])
    for name, row in {"d": 3, "x": 0, "y": 1}.items():
        assert isinstance(found[name], IonImage)
        np.testing.assert_allclose(found[name].intensities, IMAGES[row].astype(np.float32))  # type: ignore[union-attr]
    assert "'0'" in str(found["0"])


@pytest.mark.parametrize("image", [5, -1, "5", "-1", "1.0", "²", "x", "9" * 30])
def test_a_missing_row_is_a_reason(tmp_path: Path, access: SourceAccess, image: str | int) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    found = fetch(open_source(array(tmp_path / "a.npy"), access), annotate("a", image=image))
    assert "expected a row" in str(found["a"])


def test_one_row_may_serve_several_annotations(tmp_path: Path, access: SourceAccess) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    found = fetch(open_source(array(tmp_path / "a.npy"), access), annotate("a", "b", image=2))
    assert found["a"].shape == found["b"].shape == (6, 7)  # type: ignore[union-attr]


def test_an_image_with_a_few_negative_or_missing_pixels_is_read(tmp_path: Path, access: SourceAccess) -> None:
    images = IMAGES.copy()
    images[1, 2, 3], images[2, 2, 3] = np.nan, -1
    np.savez(tmp_path / "a.npz", images=images)
    source = open_source(array(tmp_path / "a.npz"), access)
    assert source.notes == ()
    found = fetch(source, annotate("0", "1", "2"))
    assert len(source.notes) == 1
    assert "2 ion images" in source.notes[0]
    missing, negative = found["1"], found["2"]
    assert isinstance(missing, IonImage)
    assert isinstance(negative, IonImage)
    assert (missing.acquisition_mask[2, 3], negative.acquisition_mask[2, 3]) == (False, True)
    assert missing.intensities[2, 3] == negative.intensities[2, 3] == 0


def test_an_invalid_image_affects_its_row_only(tmp_path: Path, access: SourceAccess) -> None:
    images = IMAGES.copy()
    images[1], images[2] = np.nan, -images[2]
    acquired = np.ones(IMAGES.shape, np.bool_)
    images[3, 2, 3], acquired[3, 2, 3] = np.nan, False
    np.savez(tmp_path / "a.npz", images=images, acquired=acquired)
    found = fetch(open_source(array(tmp_path / "a.npz"), access), annotate("0", "1", "2", "3"))
    assert "NaN" in str(found["1"])
    assert "negative" in str(found["2"])
    assert isinstance(found["0"], IonImage)
    assert isinstance(found["3"], IonImage)


def test_the_complete_rows_of_a_truncated_array_are_read(tmp_path: Path, access: SourceAccess) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content[: -2 * 6 * 7 * 8 - 1])
    found = fetch(open_source(array(tmp_path / "a.npy"), access), annotate("0", "1", "2", "3", "4"))
    assert [name for name, one in found.items() if isinstance(one, IonImage)] == ["0", "1"]
    assert isinstance(found["2"], str)


def test_a_damaged_chunk_of_a_zarr_folder_affects_its_rows_only(tmp_path: Path, access: SourceAccess) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=IMAGES, chunks=(2, 6, 7), zarr_format=2)
    (tmp_path / "a.zarr" / "1.0.0").write_bytes(b"\xff" * 50)
    found = fetch(open_source(array(tmp_path / "a.zarr"), access), annotate("0", "1", "2", "3", "4"))
    assert [name for name, one in found.items() if isinstance(one, IonImage)] == ["0", "1", "4"]
    assert isinstance(found["2"], str)


@pytest.mark.parametrize("ids", [["", "b"], ["x" * 513, "b"]], ids=["empty", "long"])
def test_an_array_with_invalid_ids_is_rejected(tmp_path: Path, access: SourceAccess, ids: list[str]) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES[:2], annotation_ids=ids)
    with pytest.raises((InvalidAnnotationsError, TooLargeError)):
        open_source(array(tmp_path / "a.npz"), access).annotations()
