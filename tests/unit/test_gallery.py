"""The gallery: which ion images it shows, and that it can be drawn from any."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared.errors import InvalidInputError
from shared.ion_image import IonImage, make_ion_image
from worker.cli.outputs.gallery import GalleryText, choose_tiles, draw_gallery
from worker.messages.results import Label, ResultRow

TEXT = GalleryText("a title", captions={}, expected={})
FRAME, NOT_ACQUIRED = (214, 40, 40), (225, 228, 233)


def make_row(name: str, probability: float) -> ResultRow:
    label: Label = "off" if probability >= 0.5 else "on"
    return ResultRow(annotation_id=name, status="classified", label=label, off_sample_probability=probability)


def make_picture(height: int = 20, width: int = 30) -> IonImage:
    return make_ion_image(np.random.default_rng(0).random((height, width)))


def draw(rows: list[ResultRow], ion_images: dict[str, IonImage], path: Path, text: GalleryText = TEXT) -> Image.Image:
    draw_gallery(choose_tiles(rows), ion_images, text, path)
    with Image.open(path) as page:
        page.load()
        return page.copy()


def colours(page: Image.Image) -> set[tuple[int, int, int]]:
    return set(map(tuple, np.asarray(page).reshape(-1, 3).tolist()))


def test_the_most_confident_tiles_of_each_label_come_first() -> None:
    rows = [make_row(f"{probability}", probability) for probability in (0.1, 0.6, 0.4, 0.9, 0.05, 0.7)]
    tiles = choose_tiles([*rows, ResultRow(annotation_id="x", status="no_signal")])
    assert [row.annotation_id for row in tiles["off"]] == ["0.9", "0.7", "0.6"]
    assert [row.annotation_id for row in tiles["on"]] == ["0.05", "0.1", "0.4"]


@pytest.mark.parametrize(("off", "on", "shown"), [(50, 50, (5, 5)), (2, 50, (2, 8)), (50, 1, (9, 1)), (3, 3, (3, 3))])
def test_a_label_may_use_the_space_that_the_other_does_not_need(off: int, on: int, shown: tuple[int, int]) -> None:
    rows = [make_row(f"off {number}", 0.9) for number in range(off)]
    rows += [make_row(f"on {number}", 0.1) for number in range(on)]
    tiles = choose_tiles(rows, most=10)
    assert (len(tiles["off"]), len(tiles["on"])) == shown


def test_a_page_is_a_png_whatever_its_file_name(tmp_path: Path) -> None:
    draw([make_row("a", 0.9)], {"a": make_picture()}, tmp_path / "page.out")
    assert (tmp_path / "page.out").read_bytes().startswith(b"\x89PNG")


def test_a_page_grows_with_its_tiles(tmp_path: Path) -> None:
    names = [f"a{number}" for number in range(11)]
    ion_images = dict.fromkeys(names, make_picture())
    one = draw([make_row("a0", 0.9)], ion_images, tmp_path / "one.png")
    eleven = draw([make_row(name, 0.9) for name in names], ion_images, tmp_path / "eleven.png")
    assert eleven.width == one.width
    assert eleven.height > one.height


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (200, 300)])
def test_an_image_of_any_shape_can_be_drawn(tmp_path: Path, shape: tuple[int, int]) -> None:
    ion_image = make_ion_image(np.ones(shape), np.arange(shape[0] * shape[1]).reshape(shape) % 2)
    page = draw([make_row("a", 0.9)], {"a": ion_image}, tmp_path / "page.png")
    assert page.mode == "RGB"


def test_an_empty_page_can_be_drawn(tmp_path: Path) -> None:
    page = draw([], {}, tmp_path / "page.png")
    assert page.size[0] > 0


def test_pixels_that_were_not_acquired_are_grey(tmp_path: Path) -> None:
    whole = draw([make_row("a", 0.9)], {"a": make_picture()}, tmp_path / "whole.png")
    half = make_ion_image(make_picture().intensities, [[1] * 15 + [0] * 15] * 20)
    holed = draw([make_row("a", 0.9)], {"a": half}, tmp_path / "holed.png")
    assert NOT_ACQUIRED not in colours(whole)
    assert NOT_ACQUIRED in colours(holed)


@pytest.mark.parametrize(("expected", "framed"), [("on", True), ("off", False), ("unclear", False)])
def test_a_tile_is_framed_when_the_label_by_eye_differs(tmp_path: Path, expected: str, framed: bool) -> None:  # noqa: FBT001
    text = GalleryText("title", {}, {"a": expected})
    page = draw([make_row("a", 0.9)], {"a": make_picture()}, tmp_path / "page.png", text)
    assert (FRAME in colours(page)) is framed


def test_the_heading_shows_how_many_ion_images_are_left_out(tmp_path: Path) -> None:
    """Only the heading changes, and only when there are more ion images than tiles."""
    rows, ion_images = [make_row("a", 0.9)], {"a": make_picture()}
    pages = [
        draw(rows, ion_images, tmp_path / f"{total}.png", GalleryText("title", {}, {}, {"off": total})).tobytes()
        for total in (1, 250)
    ]
    assert pages[0] == draw(rows, ion_images, tmp_path / "page.png", GalleryText("title", {}, {})).tobytes()
    assert pages[0] != pages[1]


def test_captions_of_any_script_can_be_drawn(tmp_path: Path) -> None:
    text = GalleryText("Blase 膀胱 \n [b]", {"a": "m/z 膀胱 [red] 🐭"}, {})
    draw([make_row("a", 0.9)], {"a": make_picture()}, tmp_path / "page.png", text)


def test_a_page_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "page.png", tmp_path):
        with pytest.raises(InvalidInputError, match="picture"):
            draw_gallery(choose_tiles([make_row("a", 0.9)]), {"a": make_picture()}, TEXT, path)
