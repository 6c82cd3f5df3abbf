"""Whole semi-synthetic datasets, and the evaluation of predicted sample masks against true ones."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from training_commands import run_training

from model_store.context.mask_rule import PRESENCE, RANKING
from training.sample_masks.mask_scores import MaskEvaluation, evaluate_masks, summarise_masks, summarise_verdicts
from training.sample_masks.masked_datasets import MaskedDataset, draw_masked_datasets, measure_overlap
from training.sample_masks.rule_fit import fit_mask_rule
from training.synthetic.mixture import load_training_mixture
from training.synthetic.sources import Sources, load_sources, split_sources
from training.synthetic.synthetic_set import label_pattern
from training.synthetic.whole_dataset import WholeDataset, draw_whole_dataset


@pytest.fixture(scope="module")
def sources() -> Sources:
    return load_sources()


@pytest.fixture(scope="module")
def datasets(sources: Sources) -> list[MaskedDataset]:
    return draw_masked_datasets(split_sources(sources)[0], load_training_mixture(), 30, 4, most_ions=12)


def draw(sources: Sources, seed: int, ions: int = 12, off_share: float | None = None) -> WholeDataset:
    return draw_whole_dataset(sources, load_training_mixture(), ions, np.random.default_rng(seed), off_share=off_share)


def test_all_ions_of_a_dataset_share_one_scene_and_keep_their_noise_free_label(sources: Sources) -> None:
    for seed in range(4):
        dataset = draw(sources, seed, ions=6)
        assert {image.shape for image in dataset.ion_images} == {dataset.scene.sample_mask.shape}
        for image in dataset.ion_images:
            np.testing.assert_array_equal(image.acquisition_mask, dataset.scene.acquisition_mask)
        assert dataset.labels == [label_pattern(image.pattern, dataset.scene) for image in dataset.images]
        assert dataset.group[0] in {outline.name for outline in sources.outlines}
        assert dataset.group[1] in {texture.name for texture in sources.texture_sources}


def test_a_dataset_without_off_sample_area_has_no_off_ion(sources: Sources) -> None:
    found = [dataset for seed in range(30) if not (dataset := draw(sources, seed, ions=2)).has_off_sample_area]
    assert found
    assert not any("off" in dataset.labels for dataset in found)


@pytest.mark.parametrize(("off_share", "never"), [(0.0, "off"), (1.0, "on")])
def test_the_off_share_is_the_requested_one(sources: Sources, off_share: float, never: str) -> None:
    drawn = [draw(sources, seed, ions=6, off_share=off_share) for seed in range(6)]
    labels = [label for dataset in drawn if dataset.has_off_sample_area for label in dataset.labels]
    assert labels.count(never) <= 0.02 * len(labels)  # a scene can make one label nearly impossible


def test_off_shares_vary_as_in_practice(sources: Sources) -> None:
    drawn = [draw(sources, seed, ions=6) for seed in range(24)]
    shares = np.array(
        [np.mean([one == "off" for one in dataset.labels]) for dataset in drawn if dataset.has_off_sample_area]
    )
    assert 0.25 < np.median(shares) < 0.6
    assert shares.min() < 0.1
    assert shares.max() > 0.7


def test_the_same_seed_draws_the_same_dataset(sources: Sources) -> None:
    first, again, other = (draw(sources, seed, ions=3) for seed in (1, 1, 2))
    assert first.labels == again.labels
    for one, two in zip(first.ion_images, again.ion_images, strict=True):
        np.testing.assert_array_equal(one.intensities, two.intensities)
    assert first.name != other.name or first.scene.sample_mask.shape != other.scene.sample_mask.shape


def test_overlap_counts_acquired_pixels_only() -> None:
    inputs = np.ones((1, 56, 56, 2), dtype=np.float32)
    inputs[:, :28, :, 1] = 0
    acquired = inputs[0, ..., 1] > 0
    sample = np.zeros_like(acquired)
    sample[:42] = True
    dataset = MaskedDataset(inputs, sample, has_off_sample_area=True, group=("one", "texture"))
    assert measure_overlap(sample, dataset) == 1
    assert measure_overlap(np.ones_like(acquired), dataset) == 0.5
    assert measure_overlap(~acquired, dataset) == 0


def test_the_true_mask_does_not_affect_the_prediction(datasets: list[MaskedDataset]) -> None:
    """Inverting the true masks changes overlaps and no prediction."""
    inverted = [replace(dataset, sample_mask=~dataset.sample_mask) for dataset in datasets[:8]]
    pairs = list(zip(evaluate_masks(datasets[:8]), evaluate_masks(inverted), strict=True))
    assert all(
        (one.confidence, one.predicted_off_sample_area) == (two.confidence, two.predicted_off_sample_area)
        for one, two in pairs
    )
    assert sum(one.overlap for one, _ in pairs) > sum(two.overlap for _, two in pairs)


def test_summaries_count_masks_and_verdicts() -> None:
    judged = [
        MaskEvaluation(
            overlap, 5, has_off_sample_area=has, predicted_off_sample_area=says, confidence=0.5, group=(mask, texture)
        )
        for overlap, has, says, mask, texture in (
            (0.9, True, True, "a", "x"),
            (0.7, True, False, "b", "x"),
            (1.0, False, False, "b", "y"),
        )
    ]
    masks, verdicts = summarise_masks(judged), summarise_verdicts(judged)
    assert (masks.datasets, masks.good, masks.median) == (3, 2, 0.9)
    assert masks.mean == pytest.approx(2.6 / 3)
    assert masks.mean_95[0] <= masks.mean <= masks.mean_95[1]
    assert (verdicts.correct, verdicts.absent, verdicts.absent_found, verdicts.present_found) == (2, 1, 1, 1)


def test_the_fitted_rule_has_weights_of_the_expected_sign(datasets: list[MaskedDataset]) -> None:
    """With 30 datasets: off-sample along the border, sample in the centre, agreement with the ion images."""
    rule = fit_mask_rule(datasets)
    assert tuple(rule.ranking) == RANKING
    assert tuple(rule.presence) == PRESENCE
    assert rule.ranking["off_border"] > 0
    assert rule.ranking["depth"] > 0
    assert rule.ranking["agreement"] > 0


def test_the_command_prints_overlaps_and_verdicts(tmp_path: Path) -> None:
    command = ("sample-masks", "--datasets", "4", "--output", str(tmp_path / "figures.json"))
    ended = run_training(*command)
    assert ended.returncode == 0, ended.stderr
    assert "of 4 verdicts correct" in ended.stdout
    assert "real acquisition mouse_bladder, 77 ions: off-sample area is present, predicted present" in ended.stdout
    written = json.loads((tmp_path / "figures.json").read_bytes())
    assert written["masks"]["all datasets"]["datasets"] == 4
    assert [one["truth"] for one in written["real_acquisitions"]] == ["present"] + 7 * ["absent"]
