"""Sources on real files: every annotation gets an ion image or a reason, whatever lies on the disk."""

import os
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr

from shared.errors import (
    ForbiddenUriError,
    InvalidAnnotationsError,
    InvalidIonImageError,
    NotFoundError,
    TooLargeError,
    TransientError,
    UnsupportedSourceError,
)
from shared.ion_image import IonImage
from shared.limits import Limits
from shared.messages.event import (
    Annotation,
    ArrayIonImages,
    DatasetAnnotated,
    ImzmlIonImages,
    IonImagesLocation,
    MetaspaceIonImages,
    PngIonImages,
)
from worker.annotations import list_annotations
from worker.files import AllowedRoots
from worker.sources.opening import SourceAccess, open_source
from worker.sources.source import IonImageSource

IMAGES = np.random.default_rng(0).random((5, 6, 7))


@pytest.fixture
def access(tmp_path: Path) -> SourceAccess:
    return SourceAccess(AllowedRoots((tmp_path,)), Limits())


def png(uri: Path | str) -> PngIonImages:
    return PngIonImages(kind="png", uri=str(uri))


def array(uri: Path | str) -> ArrayIonImages:
    return ArrayIonImages(kind="array", uri=str(uri))


def annotate(*ids: str, **fields: str | int) -> list[Annotation]:
    return [Annotation(annotation_id=one, **fields) for one in ids]


def fetch(source: IonImageSource, annotations: list[Annotation]) -> dict[str, IonImage | str]:
    """Annotation id -> ion image, or the reason why there is none; exactly one each."""
    fetched = list(source.fetch(annotations))
    assert sorted(one.annotation_id for one in fetched) == sorted(one.annotation_id for one in annotations)
    found = {one.annotation_id: one.ion_image or one.reason for one in fetched}
    assert None not in found.values()
    return found  # type: ignore[return-value]


def test_a_folder_lists_its_pngs_by_name(png_folder: Path, access: SourceAccess) -> None:
    (png_folder / "notes.txt").touch()
    (png_folder / "B.PNG").write_bytes((png_folder / "image_0.png").read_bytes())
    annotations = open_source(png(png_folder), access).annotations()
    names = ["B", *(f"image_{number}" for number in range(8))]
    assert [(one.annotation_id, one.image) for one in annotations] == [
        (name, f"{name}.{'PNG' if name == 'B' else 'png'}") for name in names
    ]


def test_a_folder_gives_the_images_that_annotations_name(png_folder: Path, access: SourceAccess) -> None:
    annotations = [*annotate("image_3"), *annotate("mine", image="image_3.png"), *annotate("other", image="missing")]
    found = fetch(open_source(png(png_folder), access), annotations)
    assert isinstance(found["image_3"], IonImage)
    assert isinstance(found["mine"], IonImage)
    np.testing.assert_array_equal(found["image_3"].intensities, found["mine"].intensities)
    assert found["other"] == "'missing' cannot be read (No such file or directory); right would be a readable file"


def test_a_template_on_disk_names_each_image_and_stays_in_the_roots(png_folder: Path, access: SourceAccess) -> None:
    for uri in (f"{png_folder}/{{annotation_id}}.png", f"file://{png_folder}/{{annotation_id}}%2Epng"):
        source = open_source(png(uri), access)
        found = fetch(source, annotate("image_0", "../../../../etc/passwd", "no"))
        assert isinstance(found["image_0"], IonImage)
        assert "lies outside" in str(found["../../../../etc/passwd"])
        assert "'no.png' cannot be read" in str(found["no"])
        with pytest.raises(InvalidAnnotationsError, match="named by a URI template"):
            source.annotations()
    found = fetch(
        open_source(png(f"{png_folder.parent}/{{image}}"), access), annotate("a", image="dataset/image_1.png")
    )
    assert isinstance(found["a"], IonImage)


def test_more_images_than_are_read_ahead_come_in_order(png_folder: Path, access: SourceAccess) -> None:
    annotations = [annotate(f"a{number}", image=f"image_{number % 8}.png")[0] for number in range(200)]
    source = open_source(png(png_folder), replace(access, fetch_threads=3))
    assert [one.annotation_id for one in source.fetch(annotations)] == [one.annotation_id for one in annotations]


def test_no_thread_outlives_a_fetch_that_was_given_up(png_folder: Path, access: SourceAccess) -> None:
    annotations = [annotate(f"a{number}", image="image_0.png")[0] for number in range(1000)]
    fetched = open_source(png(png_folder), access).fetch(annotations)
    next(fetched)
    fetched.close()  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread.name.startswith("fetch"):
            thread.join(10)
            assert not thread.is_alive()


def test_a_bad_file_of_a_folder_is_a_reason_and_no_error(
    png_folder: Path, access: SourceAccess, tmp_path: Path
) -> None:
    (tmp_path.parent / "outside.png").write_bytes((png_folder / "image_0.png").read_bytes())
    (png_folder / "link.png").symlink_to(tmp_path.parent / "outside.png")
    (png_folder / "cut.png").write_bytes((png_folder / "image_0.png").read_bytes()[:100])
    (png_folder / "folder.png").mkdir()
    os.mkfifo(png_folder / "pipe.png")
    (png_folder / "empty.png").touch()
    names = ["link", "cut", "folder", "pipe", "empty", "../../outside", "/etc/passwd", "x" * 300]

    found = fetch(open_source(png(png_folder), access), [*annotate(*names), *annotate("image_0")])

    assert isinstance(found["image_0"], IonImage)
    for name, part in {
        "link": "lies outside",
        "cut": "PNG ends too early",
        "folder": "is no regular file",
        "pipe": "is no regular file",
        "empty": "does not begin as a PNG does",
        "../../outside": "lies outside",
        "/etc/passwd": "lies outside",
        "x" * 300: "File name too long",
    }.items():
        assert part in str(found[name])
        assert "right would be" in str(found[name])


def test_a_png_above_the_limit_is_a_reason(png_folder: Path, access: SourceAccess) -> None:
    for limits in (replace(access.limits, image_file_bytes=50), replace(access.limits, image_pixels=599)):
        found = fetch(open_source(png(png_folder), replace(access, limits=limits)), annotate("image_0"))
        assert "right would be at most" in str(found["image_0"])


def test_a_folder_without_pngs_is_an_error(tmp_path: Path, access: SourceAccess) -> None:
    with pytest.raises(NotFoundError, match="holds no PNG file"):
        open_source(png(tmp_path), access).annotations()


def test_a_folder_of_more_pngs_than_ions_are_allowed_is_refused(png_folder: Path, access: SourceAccess) -> None:
    limits = replace(access.limits, event_ions=7)
    with pytest.raises(TooLargeError, match="number of PNG files in 'dataset' is 8; right would be at most 7"):
        open_source(png(png_folder), replace(access, limits=limits)).annotations()


def test_a_png_whose_name_is_no_text_is_a_clear_error(png_folder: Path, access: SourceAccess) -> None:
    Path(os.fsdecode(os.fsencode(png_folder) + b"/\xff.png")).touch()
    with pytest.raises(InvalidAnnotationsError, match=r"image '\\udcff\.png' cannot have the annotation id"):
        open_source(png(png_folder), access).annotations()


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
    assert found["0"] == "array has no image '0'; right would be a row from 0 to 4, or its id"


@pytest.mark.parametrize("image", [5, -1, "5", "-1", "1.0", "²", "x", "9" * 30])
def test_a_row_that_an_array_lacks_is_a_reason(tmp_path: Path, access: SourceAccess, image: str | int) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    found = fetch(open_source(array(tmp_path / "a.npy"), access), annotate("a", image=image))
    assert "array has no image" in str(found["a"])


def test_one_row_may_serve_several_annotations(tmp_path: Path, access: SourceAccess) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    found = fetch(open_source(array(tmp_path / "a.npy"), access), annotate("a", "b", image=2))
    assert found["a"].shape == found["b"].shape == (6, 7)  # type: ignore[union-attr]


def test_bad_values_of_one_row_are_the_reason_of_that_row_only(tmp_path: Path, access: SourceAccess) -> None:
    images = IMAGES.copy()
    images[1, 2, 3], images[2, 2, 3] = np.nan, -1
    acquired = np.ones(IMAGES.shape, np.bool_)
    images[3, 2, 3], acquired[3, 2, 3] = np.nan, False
    np.savez(tmp_path / "a.npz", images=images, acquired=acquired)
    found = fetch(open_source(array(tmp_path / "a.npz"), access), annotate("0", "1", "2", "3"))
    assert "1 acquired pixels are NaN or infinite" in str(found["1"])
    assert "1 acquired pixels are negative" in str(found["2"])
    assert isinstance(found["0"], IonImage)
    assert isinstance(found["3"], IonImage)


def test_the_whole_rows_of_a_truncated_array_are_kept(tmp_path: Path, access: SourceAccess) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content[: -2 * 6 * 7 * 8 - 1])
    found = fetch(open_source(array(tmp_path / "a.npy"), access), annotate("0", "1", "2", "3", "4"))
    assert [name for name, one in found.items() if isinstance(one, IonImage)] == ["0", "1"]
    assert "ends too early" in str(found["2"])


def test_a_damaged_chunk_of_a_zarr_folder_is_its_rows_and_no_others(tmp_path: Path, access: SourceAccess) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=IMAGES, chunks=(2, 6, 7), zarr_format=2)
    (tmp_path / "a.zarr" / "1.0.0").write_bytes(b"\xff" * 50)
    found = fetch(open_source(array(tmp_path / "a.zarr"), access), annotate("0", "1", "2", "3", "4"))
    assert [name for name, one in found.items() if isinstance(one, IonImage)] == ["0", "1", "4"]
    assert "right would be" in str(found["2"])


@pytest.mark.parametrize("ids", [["", "b"], ["x" * 513, "b"]], ids=["empty", "long"])
def test_an_array_with_ids_that_cannot_be_used_is_a_clear_error(
    tmp_path: Path, access: SourceAccess, ids: list[str]
) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES[:2], annotation_ids=ids)
    with pytest.raises((InvalidAnnotationsError, TooLargeError), match=r"right would be|annotation_id"):
        open_source(array(tmp_path / "a.npz"), access).annotations()


@pytest.mark.parametrize(
    ("location", "error"),
    [
        (png("/etc"), ForbiddenUriError),
        (png("{root}/missing"), NotFoundError),
        (png("{root}/file"), NotFoundError),
        (png("{root}/" + "x" * 300), NotFoundError),
        (array("{root}/missing.npz"), NotFoundError),
        (array("{root}"), NotFoundError),
        (array("{root}/pipe"), NotFoundError),
        (array("{root}/file"), InvalidIonImageError),
        (array("https://host/a.npz"), ForbiddenUriError),
        (ImzmlIonImages(kind="imzml", uri="/a.imzML"), UnsupportedSourceError),
        (MetaspaceIonImages(kind="metaspace", dataset_id="x"), ForbiddenUriError),
    ],
    ids=lambda value: getattr(value, "uri", getattr(value, "__name__", "metaspace"))[:40],
)
def test_a_source_that_cannot_be_opened_is_an_error(
    tmp_path: Path, access: SourceAccess, location: IonImagesLocation, error: type[Exception]
) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    if isinstance(location, PngIonImages | ArrayIonImages):
        location = location.model_copy(update={"uri": location.uri.format(root=tmp_path)})
    with pytest.raises(error, match="right would be"):
        open_source(location, access)


@pytest.mark.parametrize("location", [png("{share}/images"), array("{share}/a.npz")])
def test_a_share_that_is_not_mounted_passes(tmp_path: Path, location: PngIonImages | ArrayIonImages) -> None:
    share = tmp_path / "share"
    location = location.model_copy(update={"uri": location.uri.format(share=share)})
    with pytest.raises(TransientError, match="its store may not be mounted"):
        open_source(location, SourceAccess(AllowedRoots((share,)), Limits()))


def list_all(folder: Path, access: SourceAccess, **data: object) -> list[str]:
    dataset = DatasetAnnotated(dataset_id="d", ion_images=png(folder), **data)  # type: ignore[arg-type]
    return [one.annotation_id for one in list_annotations(dataset, open_source(png(folder), access), access)]


def test_annotations_are_those_of_the_event_else_of_its_list_else_all(png_folder: Path, access: SourceAccess) -> None:
    (png_folder / "list.csv").write_text("annotation_id\nfrom_list\n")
    assert list_all(png_folder, access, annotations=annotate("from_event")) == ["from_event"]
    assert list_all(png_folder, access, annotations=[]) == []
    assert list_all(png_folder, access, annotations_uri=str(png_folder / "list.csv")) == ["from_list"]
    assert list_all(png_folder, access) == [f"image_{number}" for number in range(8)]


def test_an_annotation_id_that_occurs_twice_is_refused(png_folder: Path, access: SourceAccess) -> None:
    (png_folder / "list.json").write_text('[{"annotation_id": "a"}, {"annotation_id": "a"}]')
    for data in ({"annotations": annotate("a", "b", "a")}, {"annotations_uri": str(png_folder / "list.json")}):
        with pytest.raises(InvalidAnnotationsError, match=r"annotation_id 'a' occurs more than once \(1 such ids\)"):
            list_all(png_folder, access, **data)


def test_more_annotations_than_allowed_are_refused(png_folder: Path, access: SourceAccess) -> None:
    few = replace(access, limits=replace(access.limits, event_ions=1))
    with pytest.raises(TooLargeError, match="number of annotations is 2; right would be at most 1"):
        list_all(png_folder, few, annotations=annotate("a", "b"))


def test_a_list_outside_the_roots_is_forbidden(png_folder: Path, access: SourceAccess) -> None:
    with pytest.raises(ForbiddenUriError):
        list_all(png_folder, access, annotations_uri="/etc/passwd")
