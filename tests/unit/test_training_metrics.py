"""Metrics are those of the 2018 report, with off as the positive class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from training.metrics.calibration import (
    calibrate,
    expected_calibration_error,
    fit_temperature,
    make_bins,
    scale,
    scale_across_folds,
)
from training.metrics.scores import best_precision, mean_std_of, measure

FIGURE_24 = {
    "accuracy": [
        *(0.987063, 0.991807, 0.978485, 0.981043, 0.980207),
        *(0.977145, 0.971959, 0.931926, 0.942266, 0.987500),
    ],
    "f1": [
        *(0.984864, 0.983550, 0.963450, 0.968661, 0.967514),
        *(0.974108, 0.958678, 0.864957, 0.883275, 0.979959),
    ],
    "precision": [
        *(0.982880, 0.972603, 0.998485, 0.992701, 0.994194),
        *(0.992040, 0.976684, 0.973077, 0.969407, 0.960705),
    ],
    "recall": [
        *(0.986855, 0.994746, 0.930791, 0.945758, 0.942228),
        *(0.956814, 0.941323, 0.778462, 0.811200, 1.000000),
    ],
}
FIGURE_25 = {
    "accuracy": (0.972940, 0.019884),
    "f1": (0.952902, 0.042598),
    "precision": (0.981278, 0.012647),
    "recall": (0.928818, 0.075006),
}


@pytest.mark.parametrize("name", FIGURE_24)
def test_the_reports_figure_24_gives_its_figure_25(name: str) -> None:
    over_folds = mean_std_of(FIGURE_24[name])
    assert (over_folds.mean, over_folds.std) == pytest.approx(FIGURE_25[name], abs=1e-6)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_metrics_are_scikit_learns_with_off_as_positive(pairs: list[tuple[bool, bool]]) -> None:
    off, predicted_off = (np.array(column) for column in zip(*pairs, strict=True))
    metrics = measure(off, predicted_off.astype(float), predicted_off)
    assert metrics.accuracy == pytest.approx((off == predicted_off).mean())
    for found, reference in (
        (metrics.precision, precision_score),
        (metrics.recall, recall_score),
        (metrics.f1, f1_score),
    ):
        if found is not None:
            assert found == pytest.approx(reference(off, predicted_off, zero_division=0))


def test_metrics_that_are_not_defined_are_none() -> None:
    nothing_off = measure(np.zeros(3, bool), [0.1, 0.2, 0.3], np.zeros(3, bool))
    assert (nothing_off.precision, nothing_off.recall, nothing_off.f1, nothing_off.auc) == (None,) * 4
    missed = measure(np.array([True, False]), [0.1, 0.2], np.zeros(2, bool))
    assert (missed.precision, missed.recall, missed.f1) == (None, 0.0, 0.0)
    assert mean_std_of([None, 0.5]).folds == 1
    assert mean_std_of([None]).mean is None


def test_swapped_labels_invert_the_auc() -> None:
    off = np.array([True, True, False, False])
    assert measure(off, [0.9, 0.8, 0.2, 0.1], off).auc == 1
    assert measure(~off, [0.9, 0.8, 0.2, 0.1], off).auc == 0


def test_the_best_precision_keeps_four_fifths_of_the_off_images() -> None:
    """By falling score: four off, one on, one off; the threshold below the fourth keeps .8 of five."""
    off = np.array([True, True, True, True, False, True, False])
    assert best_precision(off, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]) == 1.0
    assert best_precision(off, [0.9, 0.8, 0.7, 0.4, 0.5, 0.6, 0.3]) == 1.0
    assert best_precision(off, [0.9, 0.8, 0.7, 0.1, 0.5, 0.2, 0.3]) == pytest.approx(5 / 7)
    assert best_precision(np.ones(3, bool), [1, 2, 3]) is None


def draw_overconfident(images: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are three times what they should be."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, images)
    off = rng.random(images) < 1 / (1 + np.exp(-logits))
    return off, 1 / (1 + np.exp(-3 * logits))


def test_the_temperature_of_threefold_logits_is_three_and_scaling_calibrates_them() -> None:
    off, probability = draw_overconfident(20_000)
    assert fit_temperature(off, probability) == pytest.approx(3, abs=0.15)
    fold_of = np.arange(len(off)) % 5
    found = calibrate(off, probability, fold_of, [(str(fold),) for fold in fold_of], "test")
    assert found.ece is not None
    assert found.ece_scaled is not None
    assert found.ece > 0.1
    assert found.ece_scaled < 0.02
    assert found.brier_scaled < found.brier


def test_a_fold_is_scaled_without_its_own_labels() -> None:
    off, probability = draw_overconfident(600)
    fold_of = np.arange(600) // 200
    flipped = np.where(fold_of == 0, ~off, off)
    one, other = (scale_across_folds(labels, probability, fold_of) for labels in (off, flipped))
    np.testing.assert_array_equal(one[fold_of == 0], other[fold_of == 0])
    assert not np.array_equal(one[fold_of == 1], other[fold_of == 1])


def test_scaling_never_moves_a_probability_across_one_half() -> None:
    probability = np.array([0, 1e-9, 0.49, 0.5, 0.51, 1])
    for temperature in (0.1, 1, 7):
        np.testing.assert_array_equal(scale(probability, temperature) >= 0.5, probability >= 0.5)


def test_ece_is_none_for_small_sets() -> None:
    off, probability = draw_overconfident(1_999)
    assert expected_calibration_error(off, probability) is None
    assert expected_calibration_error(*draw_overconfident(2_000)) is not None


def test_bins_contain_every_image_once_including_probabilities_of_0_and_1() -> None:
    bins = make_bins(np.array([False, True, True]), np.array([0.0, 0.999, 1.0]), [(name,) for name in "abc"])
    assert [(one.images, one.off) for one in bins] == [(1, 0), (2, 2)]
