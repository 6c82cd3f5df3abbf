"""`offsample classify`: what it prints, and how it fails."""

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from imzml_damaging import renumber, rewrite
from imzml_making import REAL_IMZML, make_spectra, write_imzml
from local_commands import classify, require_one_line, run
from training_commands import run_training

from shared.ion_image import make_ion_image
from shared.png.image import encode_png

FIELDS = ["annotation_id", "status", "label", "off_sample_probability", "member_spread"]


def test_json_is_one_object_a_line(png_folder: Path) -> None:
    rows, stderr = classify(png_folder)
    assert [row["annotation_id"] for row in rows] == [f"image_{number}" for number in range(8)]
    for row in rows:
        assert list(row)[:5] == FIELDS
        assert (row["status"], row["label"] in ("on", "off")) == ("classified", True)
    assert "of 8 ion images" in stderr
    assert "loose" not in stderr


def test_an_array_and_pngs_of_the_same_images_get_the_same_probabilities(tmp_path: Path) -> None:
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


def test_single_images_keep_the_order_of_the_command_line(png_folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.png"
    link.symlink_to(png_folder / "image_5.png")
    rows, stderr = classify(png_folder / "image_3.png", png_folder / "image_1.png", link)
    assert [(row["annotation_id"], row["status"]) for row in rows] == [
        ("image_3", "classified"),
        ("image_1", "classified"),
        ("link", "classified"),
    ]
    assert "loose" not in stderr


def test_images_of_several_sizes_are_treated_as_datasets_of_their_own(png_folder: Path) -> None:
    odd = make_ion_image(np.random.default_rng(0).random((31, 17)))
    (png_folder / "odd.png").write_bytes(encode_png(odd))
    rows, stderr = classify(png_folder)
    assert [row["status"] for row in rows] == ["classified"] * 9
    assert "2 sizes" in stderr


def test_a_bad_image_is_a_row(png_folder: Path) -> None:
    (png_folder / "broken.png").write_bytes(b"no image")
    rows, stderr = classify(png_folder)
    assert (rows[0]["annotation_id"], rows[0]["status"], rows[0]["label"]) == ("broken", "unreadable", None)
    assert "1 further image could not be read" in stderr


def test_a_contradiction_in_an_imzml_is_noted_on_stderr(tmp_path: Path) -> None:
    path = write_imzml(tmp_path / "a.imzML", make_spectra(6, 7))
    rewrite(path, renumber("64-bit float", "MS:1000521"))
    rows, stderr = classify(path, "--most-peaks", "5")
    assert len(rows) == 5
    assert "64-bit float" in stderr


def test_csv_can_be_read_back(png_folder: Path) -> None:
    ended = run("classify", png_folder, "--format", "csv")
    read = list(csv.DictReader(io.StringIO(ended.output)))
    assert list(read[0])[:5] == FIELDS
    assert [row["annotation_id"] for row in read] == [f"image_{number}" for number in range(8)]
    assert all(0 <= float(row["off_sample_probability"]) <= 1 for row in read)


def test_the_default_output_is_a_table(png_folder: Path) -> None:
    ended = run("classify", png_folder)
    assert "P(off-sample)" in ended.output
    assert "image_7" in ended.output


def test_a_list_of_annotations_and_a_threshold_are_used(png_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("annotation_id,image,mz,colour\nmine,image_4.png,500.5,red\n")
    rows, stderr = classify(png_folder, "--annotations", tmp_path / "list.csv", "--threshold", "0", "--quiet")
    assert "colour" not in stderr
    assert [(row["annotation_id"], row["status"], row["label"]) for row in rows] == [("mine", "classified", "off")]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["{folder}/missing"], "missing"),
        (["{folder}/empty"], "PNG file"),
        (["{folder}/broken.npz"], "broken.npz"),
        (["{folder}", "--annotations", "{folder}/notes.txt"], "annotation_id"),
        (["{folder}", "--gallery", "s.tiff"], "--gallery"),
        (["{folder}", "--report", "s.pdf"], "--report"),
        (["{folder}", "--release", "1900.1.1"], "1900.1.1"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_error_is_one_line(png_folder: Path, arguments: list[str], part: str) -> None:
    (png_folder / "notes.txt").write_text("hello")
    (png_folder / "broken.npz").write_bytes(b"PK\x03\x04broken")
    (png_folder / "empty").mkdir()
    line = require_one_line(run("classify", *(one.format(folder=png_folder) for one in arguments)), 1)
    assert part in line


def test_one_bad_input_is_one_line_and_the_rows_of_the_others_are_printed(png_folder: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "good.npz", images=np.random.default_rng(0).random((2, 20, 30)))
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04broken")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "image.png").write_bytes(b"no image")
    inputs = [tmp_path / "broken.npz", png_folder, tmp_path / "missing", tmp_path / "good.npz", tmp_path / "bad"]
    ended = run("classify", *inputs, "--format", "json")
    rows = [json.loads(line) for line in ended.output.splitlines()]
    assert ended.code == 1
    assert [row["dataset_id"] for row in rows] == ["dataset"] * 8 + ["good"] * 2 + ["bad"]
    errors = [line for line in ended.errors.splitlines() if line.startswith("offsample: ")]
    assert len(errors) == 3
    for name in (str(tmp_path / "missing"), "broken", "bad"):
        assert sum(line.startswith(f"offsample: {name}: ") for line in errors) == 1
    assert "Traceback" not in ended.errors


def test_several_bad_inputs_are_one_line_each(tmp_path: Path) -> None:
    ended = run("classify", tmp_path / "one.npz", tmp_path / "two.npz")
    assert (ended.code, ended.output) == (1, "")
    assert [line.startswith("offsample: ") for line in ended.errors.splitlines()] == [True, True]


def test_a_folder_of_imzml_files_is_classified(tmp_path: Path) -> None:
    for name in ("first", "second"):
        for suffix in (".imzML", ".ibd"):
            shutil.copy(REAL_IMZML.with_suffix(suffix), tmp_path / f"{name}{suffix}")
    (tmp_path / "third.imzML").write_text("<none/>")
    (tmp_path / "ions.csv").write_text("name;m/z;colour\nstrongest;656,7762;red\n")
    ended = run("classify", tmp_path, "--annotations", tmp_path / "ions.csv", "--ppm", "10", "--format", "json")
    rows = [json.loads(line) for line in ended.output.splitlines()]
    assert [(row["dataset_id"], row["annotation_id"]) for row in rows] == [
        ("first", "strongest"),
        ("second", "strongest"),
    ]
    assert rows[0]["label"] == rows[1]["label"] is not None
    assert ended.code == 1
    assert sum(line.startswith("offsample: third: ") for line in ended.errors.splitlines()) == 1
    assert sum("'colour'" in line for line in ended.errors.splitlines()) == 1, "of one list for both"


def test_corrected_rows_are_labels_for_training(tmp_path: Path) -> None:
    """As documented: classify, save next to the images, correct, and train."""
    names = ["liver", "brain", "kidney"]
    for seed, name in enumerate(names):
        folder = tmp_path / "labelled" / name
        folder.mkdir(parents=True)
        np.savez(folder / "ion_images.npz", images=np.random.default_rng(seed).random((4, 20, 30)))
        ended = run("classify", folder / "ion_images.npz", "--format", "csv")
        (folder / "labels.csv").write_text(ended.output)
        assert {row["dataset_id"] for row in csv.DictReader(io.StringIO(ended.output))} == {name}
    counted = run_training("summary", str(tmp_path / "labelled"), "--figure", str(tmp_path / "f.png")).stdout
    assert "12 ion images of 3 datasets" in counted
    assert all(name in counted for name in names)
    assert "conflicting" not in counted
    together = run("classify", *(tmp_path / "labelled" / name / "ion_images.npz" for name in names), "--format", "json")
    assert {json.loads(line)["dataset_id"] for line in together.output.splitlines()} == set(names)


def write_npz(path: Path, images: np.ndarray[Any, Any], share: float = 1.0) -> Path:
    acquired = np.zeros(images.shape[1:], bool)
    acquired.ravel()[: int(acquired.size * share)] = True
    np.savez(path, images=images, acquired=acquired)
    return path


def test_datasets_unlike_the_training_data_get_a_caution(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    counts = np.zeros((2, 30, 40))
    counts[0, 3, 4], counts[1, 5, 6] = 2, 1
    counts[:, 20, 20] = 1
    for name, path, words in (
        (
            "little",
            write_npz(tmp_path / "little.npz", rng.random((2, 60, 60)), 0.04),
            ["4% of the image", "less than 5%"],
        ),
        ("few", write_npz(tmp_path / "few.npz", rng.random((2, 7, 9))), ["fewer than 64 pixels"]),
        ("counts", write_npz(tmp_path / "counts.npz", counts), ["40 counts"]),
        ("quarter", write_npz(tmp_path / "quarter.npz", rng.random((2, 30, 40)), 0.25), ["25% of the image acquired"]),
    ):
        rows, stderr = classify(path)
        assert all(row["label"] for row in rows)
        assert all(word in stderr for word in words), stderr
        assert stderr.count("check the labels by eye") == (name != "quarter")
    _, stderr = classify(write_npz(tmp_path / "usual.npz", rng.random((2, 30, 40))))
    assert "check the labels by eye" not in stderr


def test_the_error_for_a_wrong_setting_names_it(png_folder: Path) -> None:
    line = require_one_line(run("classify", png_folder, threads="many"), 3)
    assert "OFFSAMPLE_THREADS" in line


def test_wrong_usage_has_no_traceback(png_folder: Path) -> None:
    ended = run("classify", png_folder, "--format", "xml")
    assert ended.code == 2
    assert "Traceback" not in ended.errors
