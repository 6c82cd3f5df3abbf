"""Cross-validation with small real networks: no group is on both sides, and off stays off."""

import base64
import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from training_commands import run_training

from shared.errors import InvalidInputError
from training.cross_validation.evaluation import Evaluation, evaluate_folds
from training.cross_validation.folded_set import FoldedSet, Grouping, fold_labelled, fold_synthetic, split_into_folds
from training.cross_validation.report import write_report
from training.cross_validation.run import run_folds
from training.cross_validation.settings import CrossValidationSettings, describe_run
from training.fit.recipe import LABEL_ORDER, RECIPES, PresetName
from training.fit.resumable_run import open_resumable_run
from training.fit.run_folder import EpochRow
from training.labelled.labelled_image import LeftOut, Reason
from training.labelled.labelled_set import LabelledSet
from training.synthetic.mixture import load_training_mixture
from training.synthetic.sources import Sources, load_sources

# TensorFlow's variables predate NumPy 2's copy keyword; Keras meets that whenever it saves or loads weights.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
    pytest.mark.usefixtures("without_graphs"),
]

MIXTURE = load_training_mixture()
DATASETS = ("rat 1", "rat 2", "mouse 1", "mouse 2")
SIZES = (50, 40, 20, 18)


class PowerCutError(Exception):
    """Ends a run between two epochs."""


def draw_rings_and_discs() -> LabelledSet:
    """Signal along the border (off) or in the centre (on), in noise, from four datasets of two families."""
    images, rng = sum(SIZES), np.random.default_rng(0)
    off = np.arange(images) % 3 == 0
    inside = np.zeros((56, 56), dtype=np.bool_)
    inside[10:-10, 10:-10] = True
    inputs = np.ones((images, 56, 56, 2), dtype=np.float32)
    inputs[..., 0] = rng.random((images, 56, 56), dtype=np.float32) * 0.2
    inputs[inside[np.newaxis] ^ off[:, np.newaxis, np.newaxis], 0] += 0.7
    datasets = tuple(name for name, size in zip(DATASETS, SIZES, strict=True) for _ in range(size))
    left_out = (LeftOut("rat 1", "<b>ion</b>", Reason.UNREADABLE, "broken & small"),)
    return LabelledSet("rings", "labels", inputs, off, datasets, tuple(map(str, range(images))), left_out=left_out)


def describe(folded: FoldedSet) -> CrossValidationSettings:
    return describe_run(folded, PresetName.REPORT_2018, RECIPES[PresetName.REPORT_2018], attempts=2, members=1, seed=1)


def ignore(fold: int, repeat: int, row: EpochRow) -> None:
    """Report nothing."""


@pytest.fixture(scope="module")
def sources() -> Sources:
    return load_sources()


@pytest.fixture(scope="module")
def folded() -> FoldedSet:
    return fold_labelled(draw_rings_and_discs(), 2, Grouping.DATASET)


@pytest.fixture(scope="module")
def output(folded: FoldedSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run that was interrupted once in its second fold."""
    folder = tmp_path_factory.mktemp("cross-validation")
    settings = describe(folded)
    seen: list[tuple[int, int, int]] = []

    def interrupt_once(fold: int, repeat: int, row: EpochRow) -> None:
        seen.append((fold, repeat, row.epoch))
        if len(seen) == 8:
            raise PowerCutError

    open_resumable_run(folder, settings, "cross-validation")
    with pytest.raises(PowerCutError):
        run_folds(folded, settings, folder, interrupt_once)
    run_folds(folded, settings, folder, interrupt_once)
    assert seen == [(fold, repeat, epoch) for fold in (1, 2) for repeat in (1, 2) for epoch in (1, 2, 3)]
    return folder


@pytest.fixture(scope="module")
def probabilities(folded: FoldedSet, output: Path) -> np.ndarray:
    return run_folds(folded, describe(folded), output, ignore)


@pytest.fixture(scope="module")
def evaluation(folded: FoldedSet, probabilities: np.ndarray) -> Evaluation:
    return evaluate_folds(folded, probabilities)


def test_every_image_is_held_out_once_by_every_repeat(probabilities: np.ndarray) -> None:
    assert probabilities.shape == (2, 128)
    assert np.isfinite(probabilities).all()
    assert not np.array_equal(probabilities[0], probabilities[1])


def test_no_repeat_is_fitted_on_the_images_its_fold_holds_out(folded: FoldedSet, output: Path) -> None:
    held_out = [np.flatnonzero(folded.fold_of == fold) for fold in range(2)]
    assert sorted(map(len, held_out)) == [60, 68]  # unequal, so that the numbers below tell the two apart
    for fold, rows in enumerate(held_out, start=1):
        for folder in (output / f"fold_{fold:02}").iterdir():
            settings = json.loads((folder / "settings.json").read_bytes())
            assert (settings["images"], settings["validation_images"]) == (128 - len(rows), len(rows))
            with np.load(folder / "outputs.npz") as arrays:
                np.testing.assert_array_equal(arrays["rows"], rows)


def test_off_is_off_from_the_label_to_the_table(evaluation: Evaluation) -> None:
    """Rings and discs are easy to separate, so swapped labels anywhere would give an AUC near 0."""
    rows = {row.predictor: row for row in evaluation.pooled}
    assert set(rows) == {"1", "2", "avg", "border/centre rule"}
    for row in rows.values():
        assert row.metrics.off == 43
        assert row.metrics.auc is not None
        assert row.metrics.auc > 0.95
    assert rows["border/centre rule"].metrics.correct == 128


def test_outputs_with_another_label_order_or_of_other_images_are_rejected(
    folded: FoldedSet, output: Path, probabilities: np.ndarray
) -> None:
    path = output / "fold_01" / "attempt_1" / "outputs.npz"
    whole = path.read_bytes()
    with np.load(path) as arrays:
        stored = dict(arrays)
    try:
        np.savez(path, **(stored | {"label_order": np.array(LABEL_ORDER[::-1])}))
        with pytest.raises(InvalidInputError, match="label order"):
            run_folds(folded, describe(folded), output, ignore)
        np.savez(path, **(stored | {"rows": stored["rows"][::-1]}))
        with pytest.raises(InvalidInputError, match="other images"):
            run_folds(folded, describe(folded), output, ignore)
    finally:
        path.write_bytes(whole)
    np.testing.assert_array_equal(run_folds(folded, describe(folded), output, ignore), probabilities)


def test_a_run_is_not_resumed_with_other_data(folded: FoldedSet, output: Path) -> None:
    other = folded.labelled_set.take(np.arange(128)[::-1])
    with pytest.raises(InvalidInputError, match="settings"):
        open_resumable_run(output, describe(fold_labelled(other, 2, Grouping.DATASET)), "cross-validation")


def test_the_page_is_self_contained_and_escapes_names(folded: FoldedSet, evaluation: Evaluation, output: Path) -> None:
    page = write_report(output, folded, describe(folded), evaluation)
    html = page.read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!data:image/png;base64,)', html)
    assert "<script" not in html
    pictures = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", html)
    saved = {path.read_bytes() for path in (output / "figures").glob("*.png")}
    assert {base64.b64decode(picture) for picture in pictures} == saved
    assert len(saved) == 5
    assert "&lt;b&gt;ion&lt;/b&gt;" in html
    assert "<b>ion" not in html
    assert "calibrated on these labels" in html
    scored = [table for table in re.findall("<table>.*?</table>", html, re.DOTALL) if "AUC" in table or "auc" in table]
    assert len(scored) == 4
    assert all("border/centre rule" in table for table in scored)


def test_the_json_has_the_content_of_the_page(folded: FoldedSet, evaluation: Evaluation, output: Path) -> None:
    write_report(output, folded, describe(folded), evaluation)
    content = json.loads((output / "report.json").read_text(encoding="utf-8"))
    assert content["positive_class"] == "off"
    assert len(content["folds"]) == 2 * (2 + 1 + 1)
    assert {row["name"] for row in content["datasets"]} == set(DATASETS)
    assert content["worst_tenth"] == [content["datasets"][0]["name"]]
    assert content["calibration"]["ece"] is None  # 128 images
    lines = (output / "predictions.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 129


def straddling(groups: Sequence[Sequence[str]], fold_of: np.ndarray) -> set[str]:
    """Keys that occur in more than one fold."""
    found: dict[str, set[int]] = {}
    for keys, fold in zip(groups, fold_of.tolist(), strict=True):
        for key in keys:
            found.setdefault(key, set()).add(fold)
    return {key for key, folds in found.items() if len(folds) > 1}


def test_no_dataset_or_with_family_grouping_no_family_is_in_two_folds() -> None:
    labelled_set = draw_rings_and_discs()
    by_dataset = fold_labelled(labelled_set, 4, Grouping.DATASET)
    assert not straddling([(name,) for name in labelled_set.datasets], by_dataset.fold_of)
    families = [(name.split()[0],) for name in labelled_set.datasets]
    assert straddling(families, by_dataset.fold_of)
    assert not straddling(families, fold_labelled(labelled_set, 2, Grouping.FAMILY).fold_of)
    with pytest.raises(InvalidInputError, match="2 families"):
        fold_labelled(labelled_set, 3, Grouping.FAMILY)


@pytest.mark.parametrize("grouping", list(Grouping))
def test_a_synthetic_fold_shares_neither_outline_nor_texture_with_another(sources: Sources, grouping: Grouping) -> None:
    folded = fold_synthetic(sources, MIXTURE, 60, 4, 1, grouping)
    assert np.bincount(folded.fold_of).tolist() == [15] * 4
    assert not straddling(folded.group_keys, folded.fold_of)
    assert set(folded.labelled_set.aspects) == {"pattern", "scene", "signal"}
    assert all(len(set(names)) > 2 for names in folded.labelled_set.aspects.values())
    parts = split_into_folds(sources, 4, grouping)
    for kind in ("outlines", "texture_sources"):
        names = [one.name for part in parts for one in getattr(part, kind)]
        assert sorted(names) == sorted(one.name for one in getattr(sources, kind))
    if grouping is Grouping.FAMILY:
        for kind in ("outlines", "texture_sources"):
            families = [(one.family,) for part in parts for one in getattr(part, kind)]
            part_of = [number for number, part in enumerate(parts) for _ in getattr(part, kind)]
            assert not straddling(families, np.array(part_of))


def test_images_drawn_freely_from_all_sources_would_straddle(sources: Sources) -> None:
    """The same check as above finds groups in two folds."""
    folded = fold_synthetic(sources, MIXTURE, 40, 2, 1, Grouping.DATASET)
    shuffled = np.random.default_rng(0).permutation(folded.fold_of)
    assert straddling(folded.group_keys, shuffled)


def test_synthetic_images_are_the_same_for_a_seed(sources: Sources) -> None:
    first, again, other = (fold_synthetic(sources, MIXTURE, 12, 2, seed, Grouping.DATASET) for seed in (1, 1, 2))
    assert first.labelled_set.digest() == again.labelled_set.digest() != other.labelled_set.digest()


def test_the_option_images_is_rejected_for_labelled_data(tmp_path: Path) -> None:
    for command in (
        ("fit", "--data", str(tmp_path), "--images", "9", "--output", str(tmp_path / "run")),
        ("cross-validate", str(tmp_path), "--images", "9", "--output", str(tmp_path / "run")),
    ):
        ended = run_training(*command)
        assert ended.returncode == 1
        assert "--images" in ended.stderr
        assert len(ended.stderr.splitlines()) == 1


def test_the_commands_go_from_written_data_to_a_report_without_options_for_folds(tmp_path: Path) -> None:
    """Three datasets give three folds instead of ten."""
    data, cross_validation, fit = tmp_path / "GS", tmp_path / "cross-validation", tmp_path / "fit"
    printed = []
    tiny = ("--preset", "report-2018", "--members", "1", "--epochs", "1")
    for command in (
        ("write-gold-standard-like", str(data), "--datasets", "3", "--images", "24"),
        ("summary", str(data), "--figure", str(tmp_path / "classes.png")),
        ("fit", "--data", str(data), "--output", str(fit), *tiny),
        ("cross-validate", str(data), "--output", str(cross_validation), "--attempts", "1", *tiny),
        ("baseline", str(data), "--output", str(tmp_path / "baseline"), "--members", "1", "--epochs", "1"),
    ):
        ended = run_training(*command)
        assert ended.returncode == 0, ended.stderr
        printed.append(ended.stdout)
    *_, fitted, validated, compared = printed
    assert "3 folds, one for each of the 3 datasets" in validated
    assert "3 folds, one for each of the 3 datasets" in compared
    assert (fit / "member_1.keras").is_file()
    found = json.loads((fit / "settings.json").read_bytes())["data"]
    assert (found["datasets"], len(found["fitted"]), found["watched"]) == (3, 3, [])
    assert "nothing is held out" in fitted
    assert (tmp_path / "classes.png").read_bytes().startswith(b"\x89PNG")
    assert (cross_validation / "report.html").is_file()
