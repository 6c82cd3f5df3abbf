"""What a person names on the command line, in the terms of an event."""

import os
from pathlib import Path

import pytest

from shared.errors import ForbiddenUriError, InvalidInputError, NotFoundError
from shared.messages.event import ArrayIonImages, PngIonImages
from worker.local_input import find_datasets


def test_a_folder_is_a_dataset_of_pngs(png_folder: Path) -> None:
    (dataset,) = find_datasets([png_folder])
    assert dataset.data.ion_images == PngIonImages(kind="png", uri=str(png_folder))
    assert (dataset.data.dataset_id, dataset.data.annotations, dataset.loose) == ("dataset", None, False)


@pytest.mark.parametrize("name", ["images.npz", "images.npy", "IMAGES.NPZ"])
def test_an_array_file_is_a_dataset(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    (dataset,) = find_datasets([tmp_path / name])
    assert dataset.data.ion_images == ArrayIonImages(kind="array", uri=str(tmp_path / name))


def test_single_images_are_loose_and_gathered_by_folder(png_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.PNG"
    other.touch()
    here, there = find_datasets([png_folder / "image_2.png", other, png_folder / "image_1.png"])
    assert here.loose
    assert [(one.annotation_id, one.image) for one in here.data.annotations or []] == [
        ("image_2", "image_2.png"),
        ("image_1", "image_1.png"),
    ]
    assert [(one.annotation_id, one.image) for one in there.data.annotations or []] == [("other", "other.PNG")]


def test_what_is_named_may_be_read_and_nothing_beside_it(png_folder: Path, tmp_path: Path) -> None:
    (dataset,) = find_datasets([png_folder])
    assert dataset.roots.resolve(str(png_folder / "image_1.png")) == png_folder / "image_1.png"
    with pytest.raises(ForbiddenUriError):
        dataset.roots.resolve(str(tmp_path / "other.png"))


def test_naming_a_link_allows_the_image_it_points_to(png_folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "mine.png"
    link.symlink_to(png_folder / "image_1.png")
    (dataset,) = find_datasets([link])
    (annotation,) = dataset.data.annotations or []
    assert (annotation.annotation_id, annotation.image) == ("mine", "image_1.png")
    assert dataset.roots.resolve(f"{png_folder}/image_1.png")


def test_a_list_of_annotations_may_be_read_wherever_it_lies(png_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").touch()
    (dataset,) = find_datasets([png_folder], tmp_path / "list.csv")
    assert dataset.data.annotations_uri == str(tmp_path / "list.csv")
    assert dataset.roots.resolve(str(tmp_path / "list.csv"))


def test_a_list_of_annotations_that_is_missing_is_named(png_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"list\.csv is no file; right would be a \.json or \.csv list"):
        find_datasets([png_folder], tmp_path / "list.csv")


def test_a_list_of_annotations_for_single_images_is_refused(png_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").touch()
    with pytest.raises(InvalidInputError, match="--annotations is for a folder, an array or an imzML file"):
        find_datasets([png_folder / "image_1.png"], tmp_path / "list.csv")


@pytest.mark.parametrize("name", ["missing", "missing.png", "missing.npz"])
def test_what_does_not_exist_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError, match=f"{name} does not exist; right would be"):
        find_datasets([tmp_path / name])


def test_a_file_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "image.tiff").touch()
    with pytest.raises(InvalidInputError, match=r"image\.tiff is of no known kind; right would be"):
        find_datasets([tmp_path / "image.tiff"])


def test_two_images_of_one_name_are_refused(png_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "image_1.png").touch()
    with pytest.raises(InvalidInputError, match="two images are called 'image_1'"):
        find_datasets([png_folder / "image_1.png", tmp_path / "image_1.png"])


@pytest.mark.parametrize("name", [b"\xff.png", b"\xff.npz"])
def test_a_name_that_is_no_text_is_a_clear_error(tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.touch()
    with pytest.raises(InvalidInputError, match="a path cannot be used"):
        find_datasets([path])
