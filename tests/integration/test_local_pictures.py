"""What local commands draw: galleries, reports, explanations."""

from pathlib import Path

import numpy as np
import pytest
from local_commands import classify, require_one_line, run, run_on_full_disk
from PIL import Image

from shared.ion_image import make_ion_image
from shared.png.image import encode_png
from worker.cli.demo import DEMO_DATASET


@pytest.mark.parametrize("option", ["--gallery", "--sheet"])
def test_a_gallery_is_drawn_under_either_name_of_the_option(tmp_path: Path, option: str) -> None:
    rows, stderr = classify(DEMO_DATASET / "ion_images", option, tmp_path / "page.png")
    with Image.open(tmp_path / "page.png") as page:
        page.load()
        assert (page.format, page.mode) == ("PNG", "RGB")
        assert page.height > 8 * 80
    assert len(rows) == 79
    assert "page.png" in stderr


def test_several_datasets_have_a_gallery_each(png_folder: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / "s.npz", images=np.random.default_rng(0).random((2, 20, 30)))
    inputs = [png_folder, tmp_path / "a" / "s.npz", tmp_path / "b" / "s.npz"]
    (tmp_path / "pages").mkdir()
    ended = run("classify", *inputs, "--gallery", tmp_path / "pages" / "page.png")
    assert ended.code == 0, ended.errors
    drawn = sorted(path.name for path in (tmp_path / "pages").iterdir())
    assert drawn == ["page_a_s.png", "page_b_s.png", "page_dataset.png"]


def test_several_datasets_have_a_report_each(png_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    np.savez(other, images=np.random.default_rng(0).random((3, 20, 30)), annotation_ids=["<b>", "c", "d"])
    (tmp_path / "broken.npz").write_bytes(b"no array")
    inputs = [png_folder, other, tmp_path / "broken.npz"]
    (tmp_path / "pages").mkdir()
    ended = run("classify", *inputs, "--report", tmp_path / "pages" / "page.html")
    assert ended.code == 1
    pages = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "pages").iterdir()}
    assert sorted(pages) == ["page.html", "page_dataset.html", "page_other.html"]
    assert "8 ion images" in pages["page_dataset.html"]
    assert [name in pages["page.html"] for name in ('href="page_other.html"', "of 3 ion images", "Not classified")] == [
        True
    ] * 3
    assert pages["page_other.html"].count("<b>") == pages["page_dataset.html"].count("<b>")


def test_a_report_that_does_not_fit_on_the_disk_is_an_error_and_leaves_no_file(
    png_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "pages").mkdir()
    words = ("classify", png_folder, "--release", "2026.11.3")  # a release that needs no temporary files
    ended = run_on_full_disk(*words, "--report", tmp_path / "pages" / "page.html")
    assert "full" in require_one_line(ended, 1)
    assert list((tmp_path / "pages").iterdir()) == []


def test_a_label_is_explained_by_a_picture(png_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "ions.csv").write_text("annotation_id,image,colour\nimage_3,image_3.png,red\n")
    arguments = ("explain", png_folder, "--annotations", tmp_path / "ions.csv", "--ion", "image_3", "--output")
    ended = run(*arguments, tmp_path / "reasons.png")
    assert ended.code == 0, ended.errors
    assert "image_3: " in ended.errors
    assert "'colour'" in ended.errors
    assert run(*arguments, tmp_path / "why.png", "--quiet").errors == ""
    with Image.open(tmp_path / "reasons.png") as picture:
        assert picture.width > picture.height


def test_an_ion_that_cannot_be_explained_is_an_error(png_folder: Path, tmp_path: Path) -> None:
    (png_folder / "silent.png").write_bytes(encode_png(make_ion_image(np.zeros((20, 30)))))
    output = tmp_path / "why.png"
    line = require_one_line(run("explain", png_folder, "--ion", "image_33", "--output", output), 1)
    assert "'image_3'" in line
    assert "every acquired pixel" in require_one_line(
        run("explain", png_folder, "--ion", "silent", "--output", output), 1
    )
    assert "--output" in require_one_line(run("explain", png_folder, "--ion", "image_3", "--output", tmp_path), 1)
    assert not output.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("classify", "--gallery", "a.png"),
        ("classify", "--report", "a.html"),
        ("classify", "--output", "a.csv"),
        ("classify", "--output", "a.h5ad"),
        ("explain", "--ion", "image_3", "--output", "a.png"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_one_sentence_before_any_work(
    png_folder: Path, words: tuple[str, ...]
) -> None:
    """Nobody may create files in /proc."""
    command, *options, name = words
    a_file = next(png_folder.glob("*.png"))
    for folder in (Path("/proc"), png_folder / "none", a_file):
        line = require_one_line(run(command, png_folder, *options, folder / name), 1)
        assert options[-1] in line
        assert str(folder) in line
    assert not (png_folder / "none").exists()
    assert options[-1] in require_one_line(run(command, png_folder, *options, png_folder), 1)
