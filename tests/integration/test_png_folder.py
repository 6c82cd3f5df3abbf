"""A folder of PNG files as a source: a bad file is a reason, and the others are read."""

import os
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from source_making import annotate, fetch, png

from shared.errors import (
    InvalidAnnotationsError,
    NotFoundError,
    TooLargeError,
)
from shared.ion_image import IonImage
from worker.sources.opening import SourceAccess, open_source

IMAGES = np.random.default_rng(0).random((5, 6, 7))


def test_a_folder_lists_its_pngs_by_name(png_folder: Path, access: SourceAccess) -> None:
    (png_folder / "notes.txt").touch()
    (png_folder / "B.PNG").write_bytes((png_folder / "image_0.png").read_bytes())
    annotations = open_source(png(png_folder), access).annotations()
    names = ["B", *(f"image_{number}" for number in range(8))]
    assert [(one.annotation_id, one.image) for one in annotations] == [
        (name, f"{name}.{'PNG' if name == 'B' else 'png'}") for name in names
    ]


def test_a_folder_returns_the_images_that_annotations_name(png_folder: Path, access: SourceAccess) -> None:
    annotations = [*annotate("image_3"), *annotate("mine", image="image_3.png"), *annotate("other", image="missing")]
    found = fetch(open_source(png(png_folder), access), annotations)
    assert isinstance(found["image_3"], IonImage)
    assert isinstance(found["mine"], IonImage)
    np.testing.assert_array_equal(found["image_3"].intensities, found["mine"].intensities)
    assert "No such file" in str(found["other"])


def test_a_template_on_disk_names_each_image_and_stays_in_the_roots(png_folder: Path, access: SourceAccess) -> None:
    for uri in (f"{png_folder}/{{annotation_id}}.png", f"file://{png_folder}/{{annotation_id}}%2Epng"):
        source = open_source(png(uri), access)
        found = fetch(source, annotate("image_0", "../../../../etc/passwd", "no"))
        assert isinstance(found["image_0"], IonImage)
        assert "OFFSAMPLE_ALLOWED_ROOTS" in str(found["../../../../etc/passwd"])
        assert "no.png" in str(found["no"])
        with pytest.raises(InvalidAnnotationsError, match="template"):
            source.annotations()
    found = fetch(
        open_source(png(f"{png_folder.parent}/{{image}}"), access), annotate("a", image="dataset/image_1.png")
    )
    assert isinstance(found["a"], IonImage)


def test_more_images_than_are_prefetched_come_in_order(png_folder: Path, access: SourceAccess) -> None:
    annotations = [annotate(f"a{number}", image=f"image_{number % 8}.png")[0] for number in range(200)]
    source = open_source(png(png_folder), replace(access, fetch_threads=3))
    assert [one.annotation_id for one in source.fetch(annotations)] == [one.annotation_id for one in annotations]


def test_no_thread_outlives_a_closed_fetch(png_folder: Path, access: SourceAccess) -> None:
    annotations = [annotate(f"a{number}", image="image_0.png")[0] for number in range(1000)]
    fetched = open_source(png(png_folder), access).fetch(annotations)
    next(fetched)
    fetched.close()  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread.name.startswith("fetch"):
            thread.join(10)
            assert not thread.is_alive()


def test_a_bad_file_in_a_folder_is_a_reason(png_folder: Path, access: SourceAccess, tmp_path: Path) -> None:
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
        "link": "OFFSAMPLE_ALLOWED_ROOTS",
        "cut": "PNG",
        "folder": "regular file",
        "pipe": "regular file",
        "empty": "PNG",
        "../../outside": "OFFSAMPLE_ALLOWED_ROOTS",
        "/etc/passwd": "OFFSAMPLE_ALLOWED_ROOTS",
        "x" * 300: "File name too long",
    }.items():
        assert part in str(found[name])


def test_a_png_above_the_limit_is_a_reason(png_folder: Path, access: SourceAccess) -> None:
    for limits in (replace(access.limits, image_file_bytes=50), replace(access.limits, image_pixels=599)):
        found = fetch(open_source(png(png_folder), replace(access, limits=limits)), annotate("image_0"))
        assert "at most" in str(found["image_0"])


def test_a_folder_without_pngs_is_not_found(tmp_path: Path, access: SourceAccess) -> None:
    with pytest.raises(NotFoundError, match="PNG"):
        open_source(png(tmp_path), access).annotations()


def test_a_folder_with_too_many_pngs_is_rejected(png_folder: Path, access: SourceAccess) -> None:
    limits = replace(access.limits, event_ions=7)
    with pytest.raises(TooLargeError, match="PNG files"):
        open_source(png(png_folder), replace(access, limits=limits)).annotations()


def test_a_png_whose_name_is_not_unicode_is_rejected(png_folder: Path, access: SourceAccess) -> None:
    Path(os.fsdecode(os.fsencode(png_folder) + b"/\xff.png")).touch()
    with pytest.raises(InvalidAnnotationsError, match=r"udcff"):
        open_source(png(png_folder), access).annotations()
