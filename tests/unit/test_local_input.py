"""What a person names on the command line, in the terms of an event."""

import os
from pathlib import Path

import pytest

from shared.errors import ForbiddenUriError, InvalidInputError, NotFoundError
from shared.messages.event import ArrayIonImages, MetaspaceIonImages, PngIonImages
from worker.local_input import MetaspaceChoice, find_datasets


def test_a_folder_is_a_dataset_of_pngs(png_folder: Path) -> None:
    (dataset,) = find_datasets([png_folder])
    assert dataset.data.ion_images == PngIonImages(kind="png", uri=str(png_folder))
    assert (dataset.data.dataset_id, dataset.data.annotations, dataset.loose) == ("dataset", None, False)


@pytest.mark.parametrize("name", ["images.npz", "images.npy", "IMAGES.NPZ", "images.h5ad"])
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
    with pytest.raises(InvalidInputError, match="--annotations is for a folder or an array"):
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


def test_a_zarr_folder_is_an_array_and_not_a_folder_of_pngs(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "zarr.json").touch()
    (dataset,) = find_datasets([tmp_path / "a.zarr"])
    assert dataset.data.ion_images == ArrayIonImages(kind="array", uri=str(tmp_path / "a.zarr"))


@pytest.mark.parametrize(
    ("place", "name", "opened"),
    [
        ("s3://bucket/run/bladder", "bladder", "s3://bucket/run/bladder/a.png"),
        ("https://host/bladder/{annotation_id}.png", "bladder", "https://host/bladder/a.png"),
        ("https://host/{image}", "dataset", "https://host/x/y"),
    ],
)
def test_naming_a_store_opens_that_place_and_no_other(place: str, name: str, opened: str) -> None:
    (dataset,) = find_datasets([place])
    assert dataset.data.ion_images == PngIonImages(kind="png", uri=place)
    assert dataset.data.dataset_id == name
    stores = dataset.stores("https://metaspace.example")
    stores.resolve(opened)
    stores.require_addresses("localhost", ["127.0.0.1"])
    for other in ("s3://bucket/other", "https://other/bladder", "https://metaspace.example"):
        with pytest.raises(ForbiddenUriError):
            stores.resolve(other)


def test_a_zarr_folder_in_a_store_is_an_array() -> None:
    (dataset,) = find_datasets(["s3://bucket/bladder.zarr"])
    assert dataset.data.ion_images == ArrayIonImages(kind="array", uri="s3://bucket/bladder.zarr")
    assert dataset.data.dataset_id == "bladder"
    dataset.stores("https://metaspace.example").resolve("s3://bucket/bladder.zarr/zarr.json")


def test_a_dataset_on_metaspace_is_named_by_its_id() -> None:
    (dataset,) = find_datasets(["metaspace:2016-09-21_16h06m49s"], None, MetaspaceChoice("HMDB-v4", 0.2))
    assert dataset.data.ion_images == MetaspaceIonImages(
        kind="metaspace", dataset_id="2016-09-21_16h06m49s", database="HMDB-v4", fdr=0.2
    )
    dataset.stores("https://metaspace.example").resolve("https://metaspace.example")


@pytest.mark.parametrize(
    ("place", "choice", "sentence"),
    [
        ("metaspace:", MetaspaceChoice(), r"metaspace:… cannot be used: dataset_id"),
        ("metaspace:x", MetaspaceChoice(fdr=0.0), r"metaspace:… cannot be used: fdr"),
        ("s3://bucket/x", MetaspaceChoice("HMDB-v4"), "--database and --fdr are for METASPACE"),
        ("https://user:secret@host/x", MetaspaceChoice(), "carries a user or password"),
        ("ftp://host/x", MetaspaceChoice(), "is no place this worker reads"),
        ("https://host/{formula}", MetaspaceChoice(), "is no template that is served"),
    ],
)
def test_a_place_that_cannot_be_used_is_a_clear_error(place: str, choice: MetaspaceChoice, sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence) as error:
        find_datasets([place], None, choice)
    assert "secret" not in str(error.value)


def test_a_template_on_disk_opens_its_folder(png_folder: Path) -> None:
    (dataset,) = find_datasets([f"{png_folder}/{{annotation_id}}.png"])
    assert dataset.data.ion_images == PngIonImages(kind="png", uri=f"{png_folder}/{{annotation_id}}.png")
    assert dataset.roots.resolve(str(png_folder / "image_1.png"))


def test_a_list_of_annotations_may_lie_in_a_store(png_folder: Path) -> None:
    (dataset,) = find_datasets([png_folder], "https://host/ions.csv")
    assert dataset.data.annotations_uri == "https://host/ions.csv"
    dataset.stores("https://metaspace.example").resolve("https://host/ions.csv")
