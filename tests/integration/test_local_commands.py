"""`offsample classify` and `offsample releases` as processes: what they print, and how they fail."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model_store.release import MANIFEST_NAME, RELEASES_ROOT, Release
from shared.ion_image import make_ion_image
from shared.png import encode_png
from worker.demo import DEMO_DATASET

FIELDS = ["annotation_id", "status", "label", "off_sample_probability", "member_spread"]
TIMEOUT_SECONDS = 60


def run(*arguments: object, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run `offsample` in a process of its own, with these settings and no others."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OFFSAMPLE_")}
    environment |= {f"OFFSAMPLE_{name.upper()}": str(value) for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "worker.cli.main", *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )


def classify(*arguments: object) -> tuple[list[dict[str, object]], str]:
    """The rows that `classify --format json` prints, and what it says on stderr."""
    ended = run("classify", *arguments, "--format", "json")
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr


def require_one_sentence(ended: subprocess.CompletedProcess[str], exit_code: int) -> str:
    """An error is one line on stderr, nothing on stdout, and an exit code."""
    assert ended.returncode == exit_code, ended.stderr
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("offsample: ")
    assert "Traceback" not in line
    return line


@pytest.fixture
def tampered(release: Release, tmp_path: Path) -> Path:
    """A copy of the shipped releases in which every file may be replaced."""
    root = tmp_path / "releases"
    (root / release.version).mkdir(parents=True)
    for path in release.folder.iterdir():
        (root / release.version / path.name).symlink_to(path)
    shutil.copy(RELEASES_ROOT / "DEFAULT", root)
    return root


def replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def test_a_folder_gives_one_json_object_a_line(png_folder: Path) -> None:
    rows, said = classify(png_folder)
    assert [row["annotation_id"] for row in rows] == [f"image_{number}" for number in range(8)]
    for row in rows:
        assert list(row)[:5] == FIELDS
        assert (row["status"], row["label"] in ("on", "off")) == ("classified", True)
    assert "dataset: 8 ion images" in said
    assert "loose" not in said


def test_an_array_and_the_pngs_made_of_it_give_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images, acquired = rng.random((3, 20, 30)), rng.random((20, 30)) > 0.2
    folder = tmp_path / "same"
    folder.mkdir()
    for name, pixels in zip("abc", images, strict=True):
        (folder / f"{name}.png").write_bytes(encode_png(make_ion_image(pixels, acquired)))
    np.savez(tmp_path / "same.npz", images=images, acquired=acquired, annotation_ids=["a", "b", "c"])

    (of_folder, _), (of_array, _) = classify(folder), classify(tmp_path / "same.npz")

    assert [row["annotation_id"] for row in of_array] == ["a", "b", "c"]
    for one, other in zip(of_folder, of_array, strict=True):
        assert one["off_sample_probability"] == pytest.approx(other["off_sample_probability"], abs=1e-3)


def test_an_npy_is_annotated_by_index(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", np.random.default_rng(0).random((2, 20, 30)))
    rows, _ = classify(tmp_path / "images.npy")
    assert [row["annotation_id"] for row in rows] == ["0", "1"]


def test_single_images_come_as_they_are_named(png_folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.png"
    link.symlink_to(png_folder / "image_5.png")
    rows, said = classify(png_folder / "image_3.png", png_folder / "image_1.png", link)
    assert [(row["annotation_id"], row["status"]) for row in rows] == [
        ("image_3", "classified"),
        ("image_1", "classified"),
        ("link", "classified"),
    ]
    assert "loose" not in said


def test_images_of_several_sizes_are_taken_as_loose_and_it_says_so(png_folder: Path) -> None:
    odd = make_ion_image(np.random.default_rng(0).random((31, 17)))
    (png_folder / "odd.png").write_bytes(encode_png(odd))
    rows, said = classify(png_folder)
    assert [row["status"] for row in rows] == ["classified"] * 9
    assert "dataset: images differ in size (2 sizes), so they are taken as loose images, each its own dataset" in said


def test_a_bad_image_is_a_row(png_folder: Path) -> None:
    (png_folder / "broken.png").write_bytes(b"no image")
    rows, said = classify(png_folder)
    assert (rows[0]["annotation_id"], rows[0]["status"], rows[0]["label"]) == ("broken", "unreadable", None)
    assert "1 unreadable" in said


def test_csv_is_read_back(png_folder: Path) -> None:
    ended = run("classify", png_folder, "--format", "csv")
    read = list(csv.DictReader(io.StringIO(ended.stdout)))
    assert list(read[0])[:5] == FIELDS
    assert [row["annotation_id"] for row in read] == [f"image_{number}" for number in range(8)]
    assert all(0 <= float(row["off_sample_probability"]) <= 1 for row in read)


def test_a_table_is_for_people(png_folder: Path) -> None:
    ended = run("classify", png_folder)
    assert "P(off-sample)" in ended.stdout
    assert "image_7" in ended.stdout


def test_a_list_of_annotations_chooses_and_a_threshold_labels(png_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("annotation_id,image,mz\nmine,image_4.png,500.5\n")
    rows, _ = classify(png_folder, "--annotations", tmp_path / "list.csv", "--threshold", "0")
    assert [(row["annotation_id"], row["status"], row["label"]) for row in rows] == [("mine", "classified", "off")]


def test_a_sheet_is_a_picture_of_the_dataset(tmp_path: Path) -> None:
    rows, said = classify(DEMO_DATASET / "ion_images", "--sheet", tmp_path / "new" / "sheet.png")
    with Image.open(tmp_path / "new" / "sheet.png") as page:
        page.load()
        assert (page.format, page.mode) == ("PNG", "RGB")
        assert page.height > 8 * 80
    assert len(rows) == 79
    assert "sheet.png" in said


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["{folder}/missing"], "does not exist"),
        (["{folder}/empty"], "holds no PNG file"),
        (["{folder}/broken.npz"], "broken.npz is"),
        (["{folder}", "--annotations", "{folder}/notes.txt"], "notes.txt is no list of annotations: "),
        (["{folder}", "{folder}/empty", "--sheet", "s.png"], "--sheet draws one dataset"),
        (["{folder}", "--release", "1900.1.1"], "release '1900.1.1' is not installed"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_error_is_one_sentence(png_folder: Path, arguments: list[str], part: str) -> None:
    (png_folder / "notes.txt").write_text("hello")
    (png_folder / "broken.npz").write_bytes(b"PK\x03\x04broken")
    (png_folder / "empty").mkdir()
    line = require_one_sentence(run("classify", *(one.format(folder=png_folder) for one in arguments)), 1)
    assert part in line


def test_a_sheet_that_cannot_be_written_is_one_sentence(png_folder: Path) -> None:
    below_a_file = next(png_folder.glob("*.png")) / "sheet.png"
    ended = run("classify", png_folder, "--sheet", below_a_file)
    assert ended.returncode == 1
    assert "contact sheet cannot be written" in ended.stderr.splitlines()[-1]
    assert "--sheet is" in run("classify", png_folder, "--sheet", png_folder).stderr
    assert "Traceback" not in ended.stderr


def test_a_wrong_setting_is_one_sentence_that_names_it(png_folder: Path) -> None:
    line = require_one_sentence(run("classify", png_folder, threads="many"), 3)
    assert "OFFSAMPLE_THREADS" in line


def test_wrong_usage_is_told_without_a_traceback(png_folder: Path) -> None:
    ended = run("classify", png_folder, "--format", "xml")
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


def test_a_release_shows_what_it_is(release: Release) -> None:
    ended = run("releases", "show")
    assert ended.returncode == 0
    assert f"release {release.version} (default)" in ended.stdout
    assert "mouse_bladder" in ended.stdout


def test_an_installed_release_is_verified(release: Release) -> None:
    ended = run("releases", "verify")
    assert ended.returncode == 0
    assert f"release {release.version} is as published (5 members)" in ended.stdout


def test_a_copied_release_verifies(tampered: Path, release: Release) -> None:
    assert run("releases", "verify", release.version, releases_root=tampered).returncode == 0


@pytest.mark.parametrize(
    ("name", "command"),
    [("member_3.keras", ["classify", "{folder}"]), ("ensemble.onnx", ["releases", "verify"])],
)
def test_an_altered_file_is_named(
    tampered: Path, release: Release, png_folder: Path, name: str, command: list[str]
) -> None:
    path = tampered / release.version / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    replace(path, bytes(content))
    arguments = [one.format(folder=png_folder) for one in command]
    line = require_one_sentence(run(*arguments, releases_root=tampered), 3)
    assert f"{release.version}/{name} has sha256" in line


def test_an_altered_manifest_is_named(tampered: Path, release: Release) -> None:
    path = tampered / release.version / MANIFEST_NAME
    replace(path, path.read_bytes().replace(b'"threshold"', b'"treshold"'))
    line = require_one_sentence(run("releases", "verify", releases_root=tampered), 3)
    assert "manifest.json is no release manifest: " in line


def test_a_place_without_releases_is_said(tmp_path: Path) -> None:
    line = require_one_sentence(run("releases", "verify", releases_root=tmp_path), 3)
    assert str(tmp_path) in line
