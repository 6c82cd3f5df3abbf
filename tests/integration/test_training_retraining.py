"""Retraining: from the networks of a release, with semi-synthetic images, judged before and after on others."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from training_commands import run_training

from model_store.release import RELEASES_ROOT
from shared.ion_image import make_ion_image
from shared.png.image import encode_png
from training.acquisitions.labelled_inputs import load_labelled_inputs
from training.acquisitions.reading import read_acquisitions

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
    pytest.mark.usefixtures("without_graphs"),
]

PROSTATE = Path(__file__).parents[1] / "data" / "mouse_prostate"


def write_labelled(folder: Path, images: int = 4) -> Path:
    """Ions on a disc, and as many around it."""
    rows, columns = np.mgrid[:40, :40]
    disc = (rows - 20) ** 2 + (columns - 20) ** 2 < 120
    rng = np.random.default_rng(len(folder.name))
    folder.mkdir(parents=True)
    lines = ["annotation_id,label"]
    for number in range(images):
        on = number % 2 == 0
        image = np.where(disc == on, 40.0, 1.0) * rng.gamma(4, 0.25, disc.shape)
        (folder / f"ion{number}.png").write_bytes(encode_png(make_ion_image(image)))
        lines.append(f"ion{number},{'on' if on else 'off'}")
    (folder / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


def weights_of(path: Path) -> list[np.ndarray]:
    return list(keras.saving.load_model(path, compile=False).get_weights())


@pytest.mark.parametrize("release", ["2026.11.3", "2026.11.5"])
def test_a_fit_from_a_release_starts_from_its_image_members_and_moves_them_a_little(
    release: str, tmp_path: Path
) -> None:
    data, run = write_labelled(tmp_path / "mine"), tmp_path / "run"
    ended = run_training(
        *("fit", "--data", str(data), "--from", release, "--with-synthetic", "--images", "24"),
        *("--members", "1", "--epochs", "1", "--output", str(run)),
    )
    assert ended.returncode == 0, ended.stderr
    assert f"from the networks of release {release}; nothing is held out" in ended.stdout
    start, fitted = weights_of(RELEASES_ROOT / release / "member_1.keras"), weights_of(run / "member_1.keras")
    moved = max(float(np.abs(one - other).max()) for one, other in zip(start, fitted, strict=True))
    assert 0 < moved < 0.05
    settings = json.loads((run / "settings.json").read_bytes())
    assert (settings["images"], settings["synthetic_images"], settings["data"]["images"]) == (48, 24, 4)
    assert settings["start"]["release"] == release


def test_a_cross_validation_prints_before_and_after_and_names_the_numbers_where_it_cannot_judge(tmp_path: Path) -> None:
    for name in ("mine 1", "mine 2"):
        write_labelled(tmp_path / "labelled" / name)
    ended = run_training(
        *("cross-validate", str(tmp_path / "labelled"), "--from", "2026.11.3", "--with-synthetic", "--images", "16"),
        *("--members", "1", "--epochs", "1", "--output", str(tmp_path / "run")),
    )
    assert ended.returncode == 0, ended.stderr
    assert "Before and after" in ended.stdout
    assert "Not judged: 8 labels of 2 datasets" in ended.stdout


def test_one_labelled_dataset_cannot_be_cross_validated(tmp_path: Path) -> None:
    data = write_labelled(tmp_path / "mine")
    ended = run_training("cross-validate", str(data), "--from", "2026.11.3", "--output", str(tmp_path / "run"))
    assert ended.returncode == 1
    assert "got 1" in ended.stderr


def test_labels_of_one_class_need_semi_synthetic_images(tmp_path: Path) -> None:
    data = write_labelled(tmp_path / "mine", images=1)
    ended = run_training("fit", "--data", str(data), "--from", "2026.11.3", "--output", str(tmp_path / "run"))
    assert ended.returncode == 1
    assert "1 on and 0 off" in ended.stderr
    assert not (tmp_path / "run").exists()


def test_several_folders_and_an_imzml_file_with_saved_labels_are_one_labelled_set(tmp_path: Path) -> None:
    for suffix in (".imzML", ".ibd"):
        shutil.copyfile(PROSTATE.with_suffix(suffix), tmp_path / f"prostate{suffix}")
    saved = 'annotation_id,label,mz\n"mz_1278.2683","on",1278.2683\n"mz_1300.6","unclear",1300.6\n'
    (tmp_path / "prostate.csv").write_text(saved, encoding="utf-8")
    for paths in ([write_labelled(tmp_path / "mine"), tmp_path / "prostate.imzML"], [tmp_path]):
        found = load_labelled_inputs(paths)
        assert found.dataset_names == ["mine", "prostate"]
        assert found.datasets.count("prostate") == 1
    assert [one.name for one in read_acquisitions(tmp_path)] == ["mine", "prostate"]


@pytest.mark.parametrize("words", [("fit", "--output"), ("cross-validate", "--output"), ("summary", "--figure")])
def test_a_place_that_cannot_be_written_to_is_one_sentence(words: tuple[str, str], tmp_path: Path) -> None:
    """Nobody may create files in /proc."""
    command, option = words
    data = [str(write_labelled(tmp_path / name)) for name in ("mine", "other")]
    given = ("--data", data[0]) if command == "fit" else data if command == "cross-validate" else data[:1]
    ended = run_training(command, *given, option, "/proc/offsample/run.png")
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert "/proc/offsample" in ended.stderr


def test_two_folders_of_one_name_are_refused(tmp_path: Path) -> None:
    one, other = (str(write_labelled(tmp_path / name / "mine")) for name in "ab")
    ended = run_training("fit", "--data", one, "--data", other, "--output", str(tmp_path / "run"))
    assert ended.returncode == 1
    assert "'mine'" in ended.stderr


@pytest.mark.parametrize(
    "options",
    [("--from", "2026.11.3"), ("--with-synthetic",), ("--hold-out", "x"), ("--data", ".", "--mixture", "training-2")],
)
def test_options_that_need_others_are_refused_in_one_line(options: tuple[str, ...], tmp_path: Path) -> None:
    ended = run_training("fit", *options, "--output", str(tmp_path / "run"))
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1


def test_two_releases_are_compared_on_the_same_labelled_ions() -> None:
    words = ("evaluate", "mouse_brain_interior_1", "mouse_aorta_lipids", "--release", "2026.11.3")
    ended = run_training(*words, "--release", "2026.11.5", "--json")
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    total = found["total"]
    assert (found["first"], found["second"]) == ("2026.11.3", "2026.11.5")
    assert total["only_second"] > total["only_first"]
    assert found["interval_95"] is None
    printed = run_training(*words, "--release", "2026.11.5").stdout
    assert "Two releases on the same labelled ions" in printed
    assert "Not judged" in printed
