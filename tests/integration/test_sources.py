"""Sources on real files: errors on opening, and which annotations are read."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from source_making import annotate, array, imzml, png

from shared.errors import (
    ForbiddenUriError,
    InvalidAnnotationsError,
    InvalidIonImageError,
    NotFoundError,
    TooLargeError,
    TransientError,
)
from shared.limits import Limits
from worker.access.allowed_roots import AllowedRoots
from worker.events.annotations import list_annotations
from worker.messages.event import (
    ArrayIonImages,
    DatasetAnnotated,
    ImzmlIonImages,
    IonImagesLocation,
    MetaspaceIonImages,
    PngIonImages,
)
from worker.sources.opening import SourceAccess, open_source

IMAGES = np.random.default_rng(0).random((5, 6, 7))


@pytest.mark.parametrize(
    ("location", "error"),
    [
        (png("/etc"), ForbiddenUriError),
        (png("{root}/missing"), NotFoundError),
        (png("{root}/file"), NotFoundError),
        (png("{root}/" + "x" * 300), NotFoundError),
        (array("{root}/missing.npz"), NotFoundError),
        (array("{root}"), InvalidIonImageError),
        (array("{root}/pipe"), NotFoundError),
        (array("{root}/file"), InvalidIonImageError),
        (array("https://host/a.npz"), ForbiddenUriError),
        (imzml("/a.imzML"), ForbiddenUriError),
        (imzml("{root}/missing.imzML"), NotFoundError),
        (imzml("{root}/pipe"), NotFoundError),
        (imzml("https://host/a.imzML"), ForbiddenUriError),
        (MetaspaceIonImages(kind="metaspace", dataset_id="x"), ForbiddenUriError),
    ],
    ids=lambda value: getattr(value, "uri", getattr(value, "__name__", "metaspace"))[:40],
)
def test_a_source_that_cannot_be_opened_is_an_error(
    tmp_path: Path, access: SourceAccess, location: IonImagesLocation, error: type[Exception]
) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    if not isinstance(location, MetaspaceIonImages):
        location = location.model_copy(update={"uri": location.uri.format(root=tmp_path)})
    with pytest.raises(error):
        open_source(location, access)


@pytest.mark.parametrize("location", [png("{share}/images"), array("{share}/a.npz"), imzml("{share}/a.imzML")])
def test_a_share_that_is_not_mounted_is_a_temporary_error(
    tmp_path: Path, location: PngIonImages | ArrayIonImages | ImzmlIonImages
) -> None:
    share = tmp_path / "share"
    location = location.model_copy(update={"uri": location.uri.format(share=share)})
    with pytest.raises(TransientError, match="mounted"):
        open_source(location, SourceAccess(AllowedRoots((share,)), Limits()))


def list_all(folder: Path, access: SourceAccess, **data: object) -> list[str]:
    dataset = DatasetAnnotated(dataset_id="d", ion_images=png(folder), **data)  # type: ignore[arg-type]
    return [
        one.annotation_id for one in list_annotations(dataset, open_source(png(folder), access), access).annotations
    ]


def test_annotations_come_from_the_event_or_its_list_or_the_source(png_folder: Path, access: SourceAccess) -> None:
    (png_folder / "list.csv").write_text("annotation_id\nfrom_list\n")
    assert list_all(png_folder, access, annotations=annotate("from_event")) == ["from_event"]
    assert list_all(png_folder, access, annotations=[]) == []
    assert list_all(png_folder, access, annotations_uri=str(png_folder / "list.csv")) == ["from_list"]
    assert list_all(png_folder, access) == [f"image_{number}" for number in range(8)]


def test_a_duplicate_annotation_id_is_rejected(png_folder: Path, access: SourceAccess) -> None:
    (png_folder / "list.json").write_text('[{"annotation_id": "a"}, {"annotation_id": "a"}]')
    for data in ({"annotations": annotate("a", "b", "a")}, {"annotations_uri": str(png_folder / "list.json")}):
        with pytest.raises(InvalidAnnotationsError, match="'a'"):
            list_all(png_folder, access, **data)


def test_more_annotations_than_allowed_are_rejected(png_folder: Path, access: SourceAccess) -> None:
    few = replace(access, limits=replace(access.limits, event_ions=1))
    with pytest.raises(TooLargeError, match="annotations"):
        list_all(png_folder, few, annotations=annotate("a", "b"))


def test_a_list_outside_the_roots_is_forbidden(png_folder: Path, access: SourceAccess) -> None:
    with pytest.raises(ForbiddenUriError):
        list_all(png_folder, access, annotations_uri="/etc/passwd")
