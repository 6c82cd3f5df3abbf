"""Small seed comparisons and recipe searches: data, scores and resumption."""

import json
from pathlib import Path

import numpy as np
import pytest
from training_commands import run_training

from model_store.release import Release
from shared.errors import InvalidInputError
from training.benchmark.comparison_scores import evaluate_seeds, f1_of
from training.benchmark.frozen_set import FrozenSet, draw_frozen_set
from training.benchmark.release_on_benchmark import run_on_benchmark
from training.benchmark.seed_comparison import SeedComparisonSettings, run_seed_comparison
from training.fit.recipe import RECIPES, PresetName
from training.fit.resumable_run import open_resumable_run
from training.fit.run_folder import EpochRow
from training.recipe_search.search import choose_variants
from training.recipe_search.variants import VARIANTS
from training.synthetic.sources import load_sources, split_sources

# TensorFlow's variables predate NumPy 2's copy keyword; Keras meets that whenever it saves or loads weights.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
    pytest.mark.usefixtures("without_graphs"),
]


FIRST_300_IMAGES = "dd95ac533127dc0a"
"""First digits of the digest of the first 300 images, as drawn on 2026-11-23. The digest of all 6,000, in model cards,
is 849d3f2a05a0e485."""


@pytest.fixture(scope="module")
def frozen() -> FrozenSet:
    return draw_frozen_set(300)


def test_the_frozen_set_is_the_same_every_time(frozen: FrozenSet) -> None:
    again = draw_frozen_set(300)
    assert again.identity == frozen.identity
    np.testing.assert_array_equal(again.labelled_set.inputs, frozen.labelled_set.inputs)


def test_the_generator_still_draws_the_frozen_images(frozen: FrozenSet) -> None:
    """Additions to the generator must not change them."""
    assert frozen.description_digest.startswith("ffe7bf286f88")
    assert frozen.images_digest.startswith(FIRST_300_IMAGES)


def test_the_frozen_set_shares_no_mask_or_texture_with_training(frozen: FrozenSet) -> None:
    training, _ = split_sources(load_sources())
    masks, textures = ({group[position] for group in frozen.groups} for position in (0, 1))
    assert not masks & {outline.name for outline in training.outlines}
    assert not textures & {source.name for source in training.texture_sources}
    assert len(masks) > 3


def test_seeds_members_and_differences_between_candidates_are_evaluated(frozen: FrozenSet) -> None:
    """Made-up probabilities: the default's are correct, the report's are random."""
    off, rng = frozen.labelled_set.off, np.random.default_rng(0)
    correct = np.where(off, 0.9, 0.1).astype(np.float32)
    probabilities = {
        PresetName.DEFAULT: np.broadcast_to(correct, (3, 2, len(off))),
        PresetName.REPORT_2018: rng.random((3, 2, len(off)), dtype=np.float32),
    }
    evaluation = evaluate_seeds(frozen, probabilities)
    default, report, rule = evaluation.candidates
    assert (default.ensemble.mean, default.ensemble.std, default.auc) == (1, 0, 1)
    assert default.single is not None
    assert default.single.fits == 6
    assert report.ensemble.std > 0
    assert rule.single is None
    first = evaluation.differences[0]
    assert first.f1 == pytest.approx(1 - report.ensemble.mean)
    assert 0 < first.interval_95[0] < first.f1 < first.interval_95[1]
    assert sum(score.images for score in default.by_pattern) == 300


def test_f1_counts_off_as_the_positive_class() -> None:
    off = np.array([True, True, False, False])
    predicted_off = np.array([[True, False, True, False], [True, True, False, False], [False] * 4])
    np.testing.assert_allclose(f1_of(off, predicted_off), [0.5, 1, 0])


def test_a_seed_comparison_fits_both_presets_on_the_same_images_and_resumes(frozen: FrozenSet, tmp_path: Path) -> None:
    recipes = {
        preset: RECIPES[preset].model_copy(update={"epochs": 1, "passes_per_epoch": 1})
        for preset in (PresetName.DEFAULT, PresetName.REPORT_2018)
    }
    settings = SeedComparisonSettings(
        images=64,
        seeds=2,
        members=1,
        recipes=recipes,
        benchmark_digest=frozen.description_digest,
        benchmark_images=frozen.images_digest,
        training_mixture="any",
    )
    seen: list[tuple[PresetName, int, int]] = []

    def record(preset: PresetName, seed: int, row: EpochRow) -> None:
        seen.append((preset, seed, row.epoch))

    open_resumable_run(tmp_path, settings, "seed comparison")
    first = run_seed_comparison(frozen, settings, tmp_path, record)
    assert seen == [(preset, seed, 1) for preset in recipes for seed in (1, 2)]
    again = run_seed_comparison(frozen, settings, tmp_path, record)
    assert len(seen) == 4
    for preset in recipes:
        assert first[preset].shape == (2, 1, 300)
        np.testing.assert_array_equal(first[preset], again[preset])
        assert not np.array_equal(first[preset][0], first[preset][1])
    with pytest.raises(InvalidInputError, match="settings"):
        open_resumable_run(tmp_path, settings.model_copy(update={"images": 65}), "seed comparison")


def test_the_release_that_ships_is_better_than_guessing_on_the_frozen_set(release: Release, frozen: FrozenSet) -> None:
    scores = run_on_benchmark(release, frozen).scores()
    assert scores.auc > 0.7
    assert scores.images == 300
    assert scores.expected_calibration_error is None  # too few images for it


def test_variants_change_one_thing_each_and_unknown_ones_are_rejected() -> None:
    default = VARIANTS["default"].model_dump()
    for name, recipe in VARIANTS.items():
        changed = [field for field, value in recipe.model_dump().items() if value != default[field]]
        assert len(changed) == (0 if name == "default" else 1) or name == "report-2018", name
    assert choose_variants(["noise"]) == ["default", "noise"]
    with pytest.raises(InvalidInputError, match="magic"):
        choose_variants(["magic"])


def test_the_search_command_prints_a_row_per_variant_with_test_time_flips_of_the_same_networks(tmp_path: Path) -> None:
    command = ["search-recipes", "--output", str(tmp_path), "--images", "80"]
    command += ["--folds", "2", "--variant", "no gamma", "--variant", "test-time flips"]
    ended = run_training(*command)
    assert ended.returncode == 0, ended.stderr
    rows = json.loads((tmp_path / "variants.json").read_text(encoding="utf-8"))
    assert {row["variant"] for row in rows} == {"default", "no gamma", "test-time flips"}
    assert rows[0]["log_loss_difference"] == 0
    assert len({row["log_loss"] for row in rows}) == 3
