"""Threshold, uncertain band and temperature depend only on held-out probabilities."""

from pathlib import Path

import numpy as np
import pytest
from context_making import make_blend
from scipy.special import expit, logit

from model_store.predictors.predictor import average_members
from model_store.release import Release
from shared.errors import InvalidInputError
from training.cross_validation.folded_set import Grouping
from training.cross_validation.settings import CrossValidationSettings
from training.fit.recipe import RECIPES, PresetName
from training.release.decision import CORRECT_OUTSIDE_BAND, UNDECIDED, choose_band, decide, decide_with_plain

IMAGES = 4_000


def write_cross_validation(folder: Path, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from probabilities whose logit is then multiplied by `sharpness`."""
    rng = np.random.default_rng(0)
    true_probability = rng.beta(0.7, 0.7, IMAGES)
    off = rng.random(IMAGES) < true_probability
    probabilities = expit(logit(np.clip(true_probability, 1e-4, 1 - 1e-4)) * sharpness)
    settings = CrossValidationSettings(
        name="made",
        origin="synthetic",
        digest="0" * 64,
        images=IMAGES,
        grouping=Grouping.DATASET,
        folds=5,
        attempts=5,
        members=1,
        preset=PresetName.DEFAULT,
        recipe=RECIPES[PresetName.DEFAULT],
        seed=1,
    )
    (folder / "settings.json").write_text(settings.model_dump_json(), encoding="utf-8")
    lines = ["dataset,annotation_id,label,fold,off_sample_probability,border_centre_ratio"]
    lines += [
        f"d,{row},{'off' if off[row] else 'on'},{row % 5 + 1},{probabilities[row]:.6f},1" for row in range(IMAGES)
    ]
    (folder / "predictions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return off, probabilities


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_the_temperature_corrects_overconfident_and_underconfident_probabilities(
    tmp_path: Path, sharpness: float
) -> None:
    write_cross_validation(tmp_path, sharpness)
    decision = decide(tmp_path)
    assert decision.temperature == pytest.approx(sharpness, rel=0.1)
    assert decision.calibration == "calibrated on synthetic data; on real data unknown"


def test_enough_labels_are_correct_outside_the_band_but_not_inside(tmp_path: Path) -> None:
    off, probabilities = write_cross_validation(tmp_path, 1.0)
    decision = decide(tmp_path)
    assert decision.uncertain_band is not None
    low, high = decision.uncertain_band
    assert low < decision.threshold < high
    scaled = expit(logit(probabilities) / decision.temperature)
    outside = (scaled < low) | (scaled > high)
    correct = (scaled >= decision.threshold) == off
    assert correct[outside].mean() == pytest.approx(CORRECT_OUTSIDE_BAND, abs=0.02)
    assert correct[~outside].mean() < CORRECT_OUTSIDE_BAND
    assert f"{low:g} and {high:g}" in decision.rationale


def test_no_band_is_stated_when_too_few_labels_would_be_correct_outside_it() -> None:
    rng = np.random.default_rng(0)
    off, scaled = rng.random(500) < 0.5, rng.random(500)
    assert choose_band(off, scaled) is None
    assert choose_band(scaled < 0.5, scaled) is None
    assert choose_band(scaled >= 0.5, scaled) == (0.49, 0.51)


@pytest.mark.parametrize(
    ("plain_band", "blend_band", "band"),
    [
        ((0.3, 0.7), (0.4, 0.8), (0.3, 0.8)),
        (None, (0.4, 0.8), (0.4, 0.8)),
        ((0.3, 0.7), None, (0.3, 0.7)),
        (None, None, None),
    ],
)
def test_a_plain_release_sets_threshold_and_temperature_and_the_wider_uncertain_band_is_used(
    release: Release,
    plain_band: tuple[float, float] | None,
    blend_band: tuple[float, float] | None,
    band: tuple[float, float] | None,
) -> None:
    plain = release.manifest.model_copy(update={"uncertain_band": plain_band, "threshold": 0.6})
    decision = decide_with_plain(plain, make_blend(blend_band))
    assert (decision.threshold, decision.temperature) == (0.6, release.manifest.temperature)
    assert decision.uncertain_band == band
    assert ("No image is marked as uncertain" in decision.rationale) == (band is None)
    assert decision.calibration == f"{plain.calibration}; in context calibrated on 9 images"


def test_a_release_with_an_uncalibrated_plain_release_is_not_calibrated(release: Release) -> None:
    plain = release.manifest.model_copy(update={"calibration": UNDECIDED.calibration})
    assert decide_with_plain(plain, None).calibration == "not calibrated; in context not calibrated"


def test_a_folder_without_a_finished_cross_validation_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cross-validation"):
        decide(tmp_path)
    write_cross_validation(tmp_path, 1.0)
    (tmp_path / "predictions.csv").write_text("label\noff\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="cross-validation"):
        decide(tmp_path)


def test_a_temperature_moves_no_probability_across_one_half_and_keeps_their_order() -> None:
    outputs = np.random.default_rng(0).random((200, 5, 1), dtype=np.float32)
    outputs = np.concatenate([1 - outputs, outputs], axis=2)
    outputs[0, :, 0], outputs[0, :, 1] = 1, 0
    plain, warm = (average_members(outputs, 1, temperature) for temperature in (1.0, 1.7))
    assert ((plain.off_sample_probability >= 0.5) == (warm.off_sample_probability >= 0.5)).all()
    assert (np.argsort(plain.off_sample_probability) == np.argsort(warm.off_sample_probability)).all()
    assert np.abs(warm.off_sample_probability - 0.5).max() <= 0.5
    assert warm.off_sample_probability[0] == 0
    np.testing.assert_allclose(
        warm.off_sample_probability[1:], expit(logit(plain.off_sample_probability[1:]) / 1.7), atol=1e-6
    )
    np.testing.assert_array_equal(plain.member_spread, warm.member_spread)
