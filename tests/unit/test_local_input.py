"""The inputs of a command line, described as in an event."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from shared.errors import ForbiddenUriError, InvalidInputError, NotFoundError
from worker.cli.inputs.local import LocalDataset, find_dataset, find_datasets
from worker.cli.inputs.spec import KindOptions
from worker.messages.event import ArrayIonImages, ImzmlIonImages, MetaspaceIonImages, PngIonImages


def find(inputs: Sequence[str | Path], *rest: Any) -> list[LocalDataset]:
    found, rejected = find_datasets([str(one) for one in inputs], *rest)
    for one in rejected:
        raise one.error
    return found


def test_a_folder_is_a_dataset_of_pngs(png_folder: Path) -> None:
    (dataset,) = find([png_folder])
    assert dataset.data.ion_images == PngIonImages(kind="png", uri=str(png_folder))
    assert (dataset.data.dataset_id, dataset.data.annotations, dataset.loose) == ("dataset", None, False)


@pytest.mark.parametrize("name", ["images.npz", "images.npy", "IMAGES.NPZ", "images.h5ad"])
def test_an_array_file_is_a_dataset(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    (dataset,) = find([tmp_path / name])
    assert dataset.data.ion_images == ArrayIonImages(kind="array", uri=str(tmp_path / name))


def test_single_images_are_loose_and_grouped_by_folder(png_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.PNG"
    other.touch()
    here, there = find([png_folder / "image_2.png", other, png_folder / "image_1.png"])
    assert here.loose
    assert [(one.annotation_id, one.image) for one in here.data.annotations or []] == [
        ("image_2", "image_2.png"),
        ("image_1", "image_1.png"),
    ]
    assert [(one.annotation_id, one.image) for one in there.data.annotations or []] == [("other", "other.PNG")]


def test_only_the_given_input_may_be_read(png_folder: Path, tmp_path: Path) -> None:
    (dataset,) = find([png_folder])
    assert dataset.roots.resolve(str(png_folder / "image_1.png")) == png_folder / "image_1.png"
    with pytest.raises(ForbiddenUriError):
        dataset.roots.resolve(str(tmp_path / "other.png"))


def test_the_target_of_a_given_link_may_be_read(png_folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "mine.png"
    link.symlink_to(png_folder / "image_1.png")
    (dataset,) = find([link])
    (annotation,) = dataset.data.annotations or []
    assert (annotation.annotation_id, annotation.image) == ("mine", "image_1.png")
    assert dataset.roots.resolve(f"{png_folder}/image_1.png")


def test_a_list_of_annotations_may_be_in_any_folder(png_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").touch()
    (dataset,) = find([png_folder], str(tmp_path / "list.csv"))
    assert dataset.data.annotations_uri == str(tmp_path / "list.csv")
    assert dataset.roots.resolve(str(tmp_path / "list.csv"))


def test_the_error_for_a_missing_list_of_annotations_names_it(png_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"list\.csv"):
        find([png_folder], str(tmp_path / "list.csv"))


def test_a_list_of_annotations_for_single_images_is_rejected(png_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").touch()
    with pytest.raises(InvalidInputError, match="--annotations"):
        find([png_folder / "image_1.png"], str(tmp_path / "list.csv"))


@pytest.mark.parametrize("name", ["missing", "missing.png", "missing.npz"])
def test_the_error_for_a_missing_input_names_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError, match=name):
        find([tmp_path / name])


def test_a_file_of_unknown_kind_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "image.tiff").touch()
    with pytest.raises(InvalidInputError, match=r"image\.tiff"):
        find([tmp_path / "image.tiff"])


def test_two_images_with_one_name_in_one_folder_are_rejected(png_folder: Path) -> None:
    (png_folder / "image_1.PNG").touch()
    with pytest.raises(InvalidInputError, match="image_1"):
        find([png_folder / "image_1.png", png_folder / "image_1.PNG"])


def test_images_with_one_name_in_several_folders_are_different_datasets(png_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "image_1.png").touch()
    here, there = find([png_folder / "image_1.png", tmp_path / "image_1.png"])
    assert here.data.dataset_id != there.data.dataset_id
    assert [len(one.data.annotations or []) for one in (here, there)] == [1, 1]


def test_an_invalid_input_does_not_hide_the_others(png_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "image.tiff").touch()
    (tmp_path / "a.npz").touch()
    inputs = [png_folder, tmp_path / "missing", tmp_path / "image.tiff", tmp_path / "a.npz"]
    found, rejected = find_datasets(list(map(str, inputs)))
    assert [one.data.dataset_id for one in found] == ["dataset", "a"]
    assert [(one.text, type(one.error)) for one in rejected] == [
        (str(inputs[1]), NotFoundError),
        (str(inputs[2]), InvalidInputError),
    ]


@pytest.mark.parametrize("suffix", [".png", ".npz", ""])
def test_a_name_too_long_for_a_file_does_not_hide_the_others(png_folder: Path, suffix: str) -> None:
    text = "x" * 300 + suffix
    found, rejected = find_datasets([str(png_folder), text])
    assert len(found) == 1
    assert [(one.text, type(one.error)) for one in rejected] == [(text, NotFoundError)]


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names_of(datasets: Sequence[LocalDataset]) -> list[str]:
    return [one.data.dataset_id for one in datasets]


def test_files_with_a_generic_name_are_named_after_their_folders(tmp_path: Path) -> None:
    touch(tmp_path, "a/ion_images.npz", "b/ion_images.npz", "c/ion_images/x.png", "d/own.npz")
    inputs = [
        tmp_path / "a/ion_images.npz",
        tmp_path / "b/ion_images.npz",
        tmp_path / "c/ion_images",
        tmp_path / "d/own.npz",
    ]
    assert names_of(find(inputs)) == ["a", "b", "c", "own"]
    assert names_of(find(inputs[:1])) == ["a"]


def test_repeated_names_get_their_folders_or_suffixes(tmp_path: Path) -> None:
    touch(tmp_path, "a/s.npz", "b/s.npz", "c/t.npz", "c/t.npy", "x/r/s.npy", "y/r/s.npy", "z/v.1/i.png", "z/v.2/i.png")
    inputs = ["a/s.npz", "b/s.npz", "c/t.npz", "c/t.npy", "x/r/s.npy", "y/r/s.npy", "z/v.1", "z/v.2"]
    found = names_of(find([tmp_path / one for one in inputs]))
    assert found == ["a/s", "b/s", "c/t.npz", "c/t.npy", "x/r/s", "y/r/s", "v.1", "v.2"]


def test_a_dataset_that_is_given_twice_is_one(png_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(png_folder)
    assert names_of(find([png_folder, f"{png_folder}/", tmp_path / "link"])) == ["dataset"]


def test_a_folder_of_imzml_files_is_one_dataset_each(tmp_path: Path) -> None:
    touch(tmp_path, "b.imzML", "b.ibd", "a.IMZML", "a.ibd", "optical.png", "c.npz", ".hidden.imzML", "notes.txt")
    found = find([tmp_path])
    assert names_of(found) == ["a", "b", "c"]
    assert [one.data.ion_images.kind for one in found] == ["imzml", "imzml", "array"]


def test_datasets_in_subfolders_are_found(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "a/ion_images.npz",
        "b/x.png",
        "b/y.png",
        "c/s.imzML",
        "c/s.ibd",
        "d.zarr/zarr.json",
        "e/deep/x.png",
        "f/n.txt",
    )
    found = find([tmp_path])
    assert names_of(found) == ["d", "a", "b", "s"]


def test_a_folder_without_datasets_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="empty"):
        find([touch(tmp_path / "empty", "n.txt")])


def test_an_event_needs_exactly_one_dataset(tmp_path: Path) -> None:
    touch(tmp_path, "a.npz", "b.npz")
    with pytest.raises(InvalidInputError, match="2 datasets"):
        find_dataset(str(tmp_path))
    assert find_dataset(str(tmp_path / "a.npz")).data.dataset_id == "a"
    with pytest.raises(NotFoundError):
        find_dataset(str(tmp_path / "missing"))


@pytest.mark.parametrize("name", [b"\xff.png", b"\xff.npz"])
def test_a_name_that_is_not_unicode_is_rejected(tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.touch()
    with pytest.raises(InvalidInputError, match="invalid input"):
        find([path])


def test_a_zarr_folder_is_an_array_and_not_a_folder_of_pngs(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "zarr.json").touch()
    (dataset,) = find([tmp_path / "a.zarr"])
    assert dataset.data.ion_images == ArrayIonImages(kind="array", uri=str(tmp_path / "a.zarr"))


@pytest.mark.parametrize(
    ("uri", "name", "opened"),
    [
        ("s3://bucket/run/bladder", "bladder", "s3://bucket/run/bladder/a.png"),
        ("https://host/bladder/{annotation_id}.png", "bladder", "https://host/bladder/a.png"),
        ("https://host/{image}", "dataset", "https://host/x/y"),
    ],
)
def test_only_the_given_folder_of_a_store_may_be_read(uri: str, name: str, opened: str) -> None:
    (dataset,) = find([uri])
    assert dataset.data.ion_images == PngIonImages(kind="png", uri=uri)
    assert dataset.data.dataset_id == name
    stores = dataset.stores("https://metaspace.example")
    stores.resolve(opened)
    stores.require_addresses("localhost", ["127.0.0.1"])
    for other in ("s3://bucket/other", "https://other/bladder", "https://metaspace.example"):
        with pytest.raises(ForbiddenUriError):
            stores.resolve(other)


def test_a_zarr_folder_in_a_store_is_an_array() -> None:
    (dataset,) = find(["s3://bucket/bladder.zarr"])
    assert dataset.data.ion_images == ArrayIonImages(kind="array", uri="s3://bucket/bladder.zarr")
    assert dataset.data.dataset_id == "bladder"
    dataset.stores("https://metaspace.example").resolve("s3://bucket/bladder.zarr/zarr.json")


def test_a_dataset_on_metaspace_is_named_by_its_id() -> None:
    (dataset,) = find(["metaspace:2016-09-21_16h06m49s"], None, KindOptions(database="HMDB-v4", fdr=0.2))
    assert dataset.data.ion_images == MetaspaceIonImages(
        kind="metaspace", dataset_id="2016-09-21_16h06m49s", database="HMDB-v4", fdr=0.2
    )
    dataset.stores("https://metaspace.example").resolve("https://metaspace.example")


@pytest.mark.parametrize(
    ("text", "options", "noun"),
    [
        ("metaspace:", KindOptions(), r"metaspace\.dataset_id"),
        ("metaspace:x", KindOptions(fdr=0.0), r"metaspace\.fdr"),
        ("s3://bucket/x", KindOptions(database="HMDB-v4"), "--database"),
        ("metaspace:x", KindOptions(most_peaks=9), "--most-peaks"),
        ("https://user:secret@host/x", KindOptions(), "user or password"),
        ("ftp://host/x", KindOptions(), "s3://bucket"),
        ("https://host/{formula}", KindOptions(), "file names"),
    ],
)
def test_an_invalid_input_is_rejected_without_showing_credentials(text: str, options: KindOptions, noun: str) -> None:
    with pytest.raises(InvalidInputError, match=noun) as error:
        find([text], None, options)
    assert "secret" not in str(error.value)


def test_a_template_on_disk_allows_its_folder(png_folder: Path) -> None:
    (dataset,) = find([f"{png_folder}/{{annotation_id}}.png"])
    assert dataset.data.ion_images == PngIonImages(kind="png", uri=f"{png_folder}/{{annotation_id}}.png")
    assert dataset.roots.resolve(str(png_folder / "image_1.png"))


def test_a_list_of_annotations_may_be_in_a_store(png_folder: Path) -> None:
    (dataset,) = find([png_folder], "https://host/ions.csv")
    assert dataset.data.annotations_uri == "https://host/ions.csv"
    dataset.stores("https://metaspace.example").resolve("https://host/ions.csv")


def test_the_ibd_of_a_given_imzml_may_be_read(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.ibd").touch()
    (tmp_path / "a.imzML").touch()
    (tmp_path / "a.ibd").symlink_to(tmp_path / "elsewhere" / "b.ibd")
    (dataset,) = find([tmp_path / "a.imzML"], None, KindOptions(ppm=10, z=2))
    location = ImzmlIonImages(kind="imzml", uri=str(tmp_path / "a.imzML"), ppm=10, z=2)
    assert (dataset.data.ion_images, dataset.data.dataset_id) == (location, "a")
    assert dataset.roots.resolve(str(tmp_path / "a.ibd")) == tmp_path / "elsewhere" / "b.ibd"
    with pytest.raises(ForbiddenUriError):
        dataset.roots.resolve(str(tmp_path.parent / "other.ibd"))


@pytest.mark.parametrize("name", ["a{b}.npz", "a{b}.imzML"])
def test_braces_in_the_name_of_an_existing_file_are_not_a_template(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    (tmp_path / "a{b}.ibd").touch()
    (dataset,) = find([tmp_path / name])
    assert dataset.roots.resolve(str(tmp_path / name)) == tmp_path / name
