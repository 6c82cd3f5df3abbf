"""Acquisitions are read with labels and regions from every layout; inconsistent files are refused."""

from pathlib import Path

import numpy as np
import pytest

from shared.errors import InvalidInputError
from shared.ion_image import make_ion_image
from shared.png.image import encode_png
from training.acquisitions.reading import read_acquisition, read_acquisitions

H, W = 6, 9


def make_images(count: int = 4) -> np.ndarray:
    return np.random.default_rng(0).random((count, H, W)).astype(np.float32) * 1000 + 1


def write_array(folder: Path, **more: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "ion_images.npz", images=make_images(), annotation_ids=["a", "b", "c", "d"], **more)  # type: ignore[arg-type]
    return folder


def left_half() -> np.ndarray:
    sample = np.zeros((H, W), dtype=np.bool_)
    sample[:, :4] = True
    return sample


def test_an_array_file_is_read_in_its_own_scale_with_ids_labels_and_mz(tmp_path: Path) -> None:
    folder = write_array(tmp_path / "brain", mz=np.arange(4.0) + 100)
    (folder / "labels.csv").write_text("annotation_id,label\nc,off\na,on\nb,unclear\n", encoding="utf-8")
    found = read_acquisition(folder)
    np.testing.assert_array_equal(found.images, make_images())
    assert found.images.dtype == np.float32
    assert (found.name, found.series, len(found), found.shape) == ("brain", "brain", 4, (H, W))
    assert found.annotation_ids == ("a", "b", "c", "d")
    assert found.labels == ("on", "unclear", "off", None)
    assert found.mz is not None
    assert found.mz.tolist() == [100, 101, 102, 103]
    assert found.off_sample_area == "present"  # one ion is off


def test_png_files_and_class_folders_are_read_as_acquisitions(tmp_path: Path) -> None:
    for layout in ("plain", "gold/one/on", "gold/one/off"):
        (tmp_path / layout).mkdir(parents=True)
        for name, image in zip("ab", make_images(2), strict=True):
            (tmp_path / layout / f"{name}{len(layout)}.png").write_bytes(encode_png(make_ion_image(image)))
    (tmp_path / "plain" / "labels.csv").write_text("file,label\na5.png,off\n", encoding="utf-8")
    assert [one.labels for one in read_acquisitions(tmp_path / "plain")] == [("off", None)]
    (gold,) = read_acquisitions(tmp_path / "gold")
    assert (gold.name, gold.labels.count("on"), gold.labels.count("off")) == ("one", 2, 2)


def test_regions_are_read_from_an_array_file(tmp_path: Path) -> None:
    acquired = np.ones((H, W), dtype=np.bool_)
    acquired[0] = False
    folder = write_array(tmp_path / "liver", acquired=acquired)
    np.savez(folder / "regions.npz", sample=left_half(), off_sample=~left_half())
    found = read_acquisition(folder)
    assert found.regions is not None
    np.testing.assert_array_equal(found.regions.sample, left_half() & acquired)
    np.testing.assert_array_equal(found.regions.off_sample, ~left_half() & acquired)
    assert found.off_sample_area == "present"


def test_in_a_painted_mask_white_is_sample_black_is_off_sample_and_grey_is_uncertain(tmp_path: Path) -> None:
    folder = write_array(tmp_path / "painted")
    grey = np.where(left_half(), 255.0, 0.0)
    grey[:, 4] = 128
    (folder / "sample_mask.png").write_bytes(encode_png(make_ion_image(grey)))
    found = read_acquisition(folder)
    assert found.regions is not None
    np.testing.assert_array_equal(found.regions.sample, left_half())
    assert not found.regions.off_sample[:, :5].any()
    assert found.regions.off_sample[:, 5:].all()


def test_regions_that_cover_everything_mean_that_off_sample_area_is_absent(tmp_path: Path) -> None:
    folder = write_array(tmp_path / "interior")
    np.savez(folder / "regions.npz", sample=np.ones((H, W), dtype=np.bool_))
    found = read_acquisition(folder)
    assert found.off_sample_area == "absent"
    assert set(found.effective_labels) == {"on"}
    assert read_acquisition(write_array(tmp_path / "bare")).off_sample_area == "unknown"


def test_an_acquisition_without_off_sample_area_needs_no_drawn_regions(tmp_path: Path) -> None:
    found = read_acquisition(write_array(tmp_path / "inside"), off_sample_area="absent")
    assert found.regions is None
    assert found.effective_regions is not None
    assert found.effective_regions.sample.all()
    assert not found.effective_regions.off_sample.any()


@pytest.mark.parametrize(
    ("regions", "noun"),
    [
        ({"sample": np.ones((2, 3), dtype=np.bool_)}, "shape"),
        ({"sample": np.ones((H, W)), "off_sample": np.ones((H, W))}, "both"),
        ({"off_sample": np.ones((H, W))}, "sample"),
    ],
)
def test_inconsistent_regions_are_refused(tmp_path: Path, regions: dict[str, np.ndarray], noun: str) -> None:
    folder = write_array(tmp_path / "odd")
    np.savez(folder / "regions.npz", **regions)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=noun):
        read_acquisition(folder)


@pytest.mark.parametrize("row", ["e,on", "a,on\na,off"])
def test_labels_of_unknown_ions_and_repeated_labels_are_refused(tmp_path: Path, row: str) -> None:
    folder = write_array(tmp_path / "odd")
    (folder / "labels.csv").write_text(f"annotation_id,label\n{row}\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="label"):
        read_acquisition(folder)


def test_images_of_two_sizes_are_refused(tmp_path: Path) -> None:
    for name, image in (("a", np.ones((3, 4))), ("b", np.ones((4, 4)))):
        (tmp_path / f"{name}.png").write_bytes(encode_png(make_ion_image(image)))
    with pytest.raises(InvalidInputError, match="size"):
        read_acquisition(tmp_path)


def test_a_folder_of_folders_is_several_acquisitions_and_an_empty_one_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_array(tmp_path / "data" / name)
    assert [one.name for one in read_acquisitions(tmp_path / "data")] == ["one", "two"]
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(InvalidInputError, match="folder"):
            read_acquisitions(path)
