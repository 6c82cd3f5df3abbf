"""The baseline on whole datasets: no group is on both sides of a fold, and nothing is learned from held-out data."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from training_commands import run_training

from model_store.context.sample_mask import find_sample_mask
from shared.errors import InvalidInputError
from training.acquisitions.labelled_inputs import load_labelled_inputs
from training.baseline.pixel_spectra import make_pixel_spectra
from training.baseline.run import (
    BASELINE_NAMES,
    KMEANS_MASK,
    BaselineSettings,
    Pixels,
    evaluate_fold,
    run_baseline,
)
from training.baseline.whole_set import IonDataset, WholeSet, draw_whole_set, group_labelled, prepare_synthetic
from training.cross_validation.folded_set import Grouping
from training.fit.resumable_run import open_resumable_run
from training.labelled.gold_standard_like import write_gold_standard_like
from training.synthetic.mixture import load_training_mixture
from training.synthetic.sources import Sources, load_sources
from training.synthetic.whole_dataset import draw_whole_dataset

FAST = (KMEANS_MASK, "naive Bayes")


def ignore(*_: object) -> None:
    """Report no progress."""


@pytest.fixture(scope="module")
def sources() -> Sources:
    return load_sources()


@pytest.fixture(scope="module")
def whole_set(sources: Sources) -> WholeSet:
    return draw(sources, datasets=9, ions=8, folds=3)


@pytest.fixture(scope="module")
def pixels(whole_set: WholeSet) -> list[Pixels]:
    return [prepare(dataset) for dataset in whole_set.datasets]


def draw(sources: Sources, *, datasets: int, ions: int, folds: int, grouping: Grouping = Grouping.DATASET) -> WholeSet:
    return draw_whole_set(
        sources,
        load_training_mixture(),
        datasets=datasets,
        ions=ions,
        folds=folds,
        seed=1,
        grouping=grouping,
    )


def prepare(dataset: IonDataset) -> Pixels:
    spectra = make_pixel_spectra(dataset.inputs, dataset.acquisition_mask)
    found = find_sample_mask(dataset.inputs[..., 0], dataset.acquisition_mask).mask
    return Pixels(dataset, spectra, found[dataset.acquisition_mask])


@pytest.mark.parametrize("grouping", list(Grouping))
def test_no_outline_texture_or_dataset_is_in_two_folds(sources: Sources, grouping: Grouping) -> None:
    drawn = draw(sources, datasets=10, ions=2, folds=3, grouping=grouping)
    folds_of: dict[tuple[int, str], set[int]] = {}
    for dataset, fold in zip(drawn.datasets, drawn.fold_of_dataset.tolist(), strict=True):
        for kind, key in enumerate(dataset.keys):
            folds_of.setdefault((kind, key), set()).add(fold)
    assert all(len(folds) == 1 for folds in folds_of.values())
    assert set(drawn.fold_of_dataset.tolist()) == {0, 1, 2}


def test_the_fold_of_an_image_is_that_of_its_dataset(whole_set: WholeSet) -> None:
    start = 0
    for dataset, fold in zip(whole_set.datasets, whole_set.fold_of_dataset.tolist(), strict=True):
        labelled = int(dataset.labelled.sum())
        assert set(whole_set.fold_of[start : start + labelled].tolist()) <= {fold}
        np.testing.assert_array_equal(whole_set.off[start : start + labelled], dataset.off[dataset.labelled])
        start += labelled
    assert start == len(whole_set.off) == len(whole_set.inputs)


@pytest.mark.parametrize("name", FAST)
def test_thresholds_and_classifiers_learn_nothing_from_the_held_out_fold(
    whole_set: WholeSet, pixels: list[Pixels], name: str
) -> None:
    """Inverting every label of the held-out fold does not change its predictions."""
    inverted = [
        Pixels(replace(one.dataset, off=~one.dataset.off & one.dataset.labelled), one.spectra, one.sample)
        if fold == 1
        else one
        for one, fold in zip(pixels, whole_set.fold_of_dataset.tolist(), strict=True)
    ]
    scores, predicted_off = evaluate_fold(name, whole_set, pixels, 1, seed=1)
    scores_inverted, predicted_off_inverted = evaluate_fold(name, whole_set, inverted, 1, seed=1)
    np.testing.assert_array_equal(scores, scores_inverted)
    np.testing.assert_array_equal(predicted_off, predicted_off_inverted)


@pytest.mark.parametrize("name", FAST)
def test_labels_of_the_training_folds_determine_the_threshold(
    whole_set: WholeSet, pixels: list[Pixels], name: str
) -> None:
    """Inverting the labels of the other folds does change predictions, so the test above can fail."""
    inverted = [
        Pixels(replace(one.dataset, off=~one.dataset.off & one.dataset.labelled), one.spectra, one.sample)
        if fold != 1
        else one
        for one, fold in zip(pixels, whole_set.fold_of_dataset.tolist(), strict=True)
    ]
    predicted_off = evaluate_fold(name, whole_set, pixels, 1, seed=1)[1]
    assert (evaluate_fold(name, whole_set, inverted, 1, seed=1)[1] != predicted_off).any()


def test_pixels_of_the_held_out_fold_are_not_fitted_on(whole_set: WholeSet, pixels: list[Pixels]) -> None:
    """Corrupting all other datasets of a fold does not change the predictions for the remaining one."""
    rows = np.flatnonzero(whole_set.fold_of_dataset == 1)
    corrupted = list(pixels)
    for row in rows[1:]:
        corrupted[row] = Pixels(pixels[row].dataset, -pixels[row].spectra, ~pixels[row].sample)
    labelled = int(pixels[rows[0]].dataset.labelled.sum())
    scores = evaluate_fold("naive Bayes", whole_set, pixels, 1, seed=1)[0]
    np.testing.assert_array_equal(
        scores[:labelled], evaluate_fold("naive Bayes", whole_set, corrupted, 1, seed=1)[0][:labelled]
    )


def test_no_method_sees_the_true_sample_mask(sources: Sources) -> None:
    """Shuffling the true mask of a drawn dataset does not change the input of any method."""
    dataset = draw_whole_dataset(sources, load_training_mixture(), 6, np.random.default_rng(5))
    true_mask = dataset.scene.sample_mask
    shuffled = np.random.default_rng(0).permutation(true_mask.ravel()).reshape(true_mask.shape)
    other = replace(dataset, scene=replace(dataset.scene, sample_mask=shuffled))
    assert (shuffled != true_mask).any()
    first, again = (prepare_synthetic(one, 0) for one in (dataset, other))
    assert vars(first).keys() == vars(again).keys()
    for name, value in vars(first).items():
        if name == "aspects":  # only used to break down results
            continue
        np.testing.assert_array_equal(value, getattr(again, name))
    np.testing.assert_array_equal(prepare(first).sample, prepare(again).sample)


def test_an_interrupted_run_resumes_and_gives_the_same_result(sources: Sources, tmp_path: Path) -> None:
    whole_set = draw(sources, datasets=16, ions=8, folds=2)

    class InterruptedRunError(Exception):
        pass

    steps: list[tuple[int, str]] = []

    def interrupt(fold: int, name: str) -> None:
        steps.append((fold, name))
        if len(steps) == 3:
            raise InterruptedRunError

    with pytest.raises(InterruptedRunError):
        run_baseline(whole_set, 1, tmp_path, interrupt, FAST)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    assert len(written) == 3
    (tmp_path / "fold_2" / "naive_Bayes.npz").write_bytes(b"PK")  # interrupted while it was written
    methods = run_baseline(whole_set, 1, tmp_path, ignore, FAST)
    assert all(path.stat().st_mtime_ns == before for path, before in written.items())
    assert [method.name for method in methods] == list(FAST)
    whole = run_baseline(whole_set, 1, tmp_path / "again", ignore, FAST)
    for method, other in zip(methods, whole, strict=True):
        np.testing.assert_array_equal(method.scores, other.scores)
        np.testing.assert_array_equal(method.predicted_off, other.predicted_off)


def test_a_folder_is_not_resumed_with_other_settings(tmp_path: Path) -> None:
    settings = BaselineSettings(name="one", digest="1", datasets=4, folds=2, seed=1)
    open_resumable_run(tmp_path, settings, "baseline")
    open_resumable_run(tmp_path, settings, "baseline")
    with pytest.raises(InvalidInputError, match="settings"):
        open_resumable_run(tmp_path, settings.model_copy(update={"seed": 2}), "baseline")


def test_pixel_classifiers_need_two_training_datasets_and_the_mask_needs_one(sources: Sources, tmp_path: Path) -> None:
    drawn = draw(sources, datasets=2, ions=3, folds=2)
    with pytest.raises(InvalidInputError, match="datasets"):
        run_baseline(drawn, 1, tmp_path, ignore, FAST)
    (method,) = run_baseline(drawn, 1, tmp_path, ignore, (KMEANS_MASK,))
    assert len(method.scores) == len(drawn.off)


def test_labelled_datasets_keep_their_images_together(sources: Sources, tmp_path: Path) -> None:
    write_gold_standard_like(tmp_path / "GS", sources, datasets=4, images=12, seed=3)
    labelled_set = load_labelled_inputs([tmp_path / "GS"])
    grouped = group_labelled(labelled_set, 2, Grouping.DATASET)
    assert sum(len(dataset.inputs) for dataset in grouped.datasets) == len(labelled_set)
    assert {key for dataset in grouped.datasets for key in dataset.keys} == set(labelled_set.dataset_names)
    assert grouped.off.sum() == labelled_set.off.sum()
    for dataset in grouped.datasets:
        assert (dataset.inputs[:, ~dataset.acquisition_mask, 0] < 0.5).all()


def test_the_command_compares_all_methods_with_the_rule_on_labelled_data(sources: Sources, tmp_path: Path) -> None:
    write_gold_standard_like(tmp_path / "GS", sources, datasets=8, images=8, seed=4)
    output = tmp_path / "baseline"
    command = ("baseline", str(tmp_path / "GS"), "--output", str(output), "--folds", "2", "--no-networks")
    ended = run_training(*command)
    assert ended.returncode == 0, ended.stderr
    assert "random forest" in ended.stdout
    content = json.loads((output / "comparison.json").read_bytes())
    assert [one["method"] for one in content["methods"]] == ["border/centre rule", *BASELINE_NAMES]
    assert all(one["pooled"]["images"] == content["images"] for one in content["methods"])
    assert (output / "roc.png").read_bytes().startswith(b"\x89PNG")
    with (output / "predictions.csv").open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == content["images"]
    refused = run_training(*command, "--ions", "3")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: --datasets and --ions count semi-synthetic data")
