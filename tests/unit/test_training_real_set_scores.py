"""Scores on one real set: correct predictions, intervals, AUC."""

import numpy as np
import pytest

from shared.ion_image import make_ion_image
from training.metrics.border_centre import score_border_centre
from training.metrics.real_set_scores import (
    AcquisitionCounts,
    evaluate_predictions,
    interval_over_acquisitions,
    wilson_95,
)
from training.real_sets import RealSet
from training.release.evaluation_table import format_interval
from training.release.model_card import sets_not_beaten


def make_set(off: list[bool], *, datasets: int | None = 2) -> RealSet:
    image = make_ion_image(np.ones((4, 4)))
    names = tuple("" if datasets is None else f"dataset {row % datasets}" for row in range(len(off)))
    return RealSet("made", "for this test", (image,) * len(off), np.asarray(off), names)


def test_wilson_gives_the_textbook_interval() -> None:
    """Newcombe 1998, Stat. Med. 17:857, table I: 81 of 263 is .2553 to .3662."""
    assert wilson_95(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_wilson_stays_within_0_and_1_when_all_are_correct() -> None:
    low, high = wilson_95(77, 77)
    assert 0.95 < low < high == 1


def test_an_interval_is_rounded_only_when_printed() -> None:
    """341 of 351 is up to .98445: printed .984, and .985 when it was rounded to .9845 first."""
    assert format_interval(wilson_95(341, 351)) == "0.948-0.984"


def test_the_interval_over_acquisitions_treats_acquisitions_as_draws() -> None:
    """Shares .4, .5 and .6 of equally many: mean .5, standard error .1 / sqrt(3), Student's t(.975, 2) = 4.303."""
    found = interval_over_acquisitions(
        [AcquisitionCounts(name, correct, 10) for name, correct in (("a", 4), ("b", 5), ("c", 6))]
    )
    assert found == pytest.approx((0.5 - 0.2484, 0.5 + 0.2484), abs=1e-4)


def test_one_acquisition_or_equal_accuracies_give_no_interval_over_acquisitions() -> None:
    assert interval_over_acquisitions([AcquisitionCounts("a", 4, 10)]) is None
    assert interval_over_acquisitions([AcquisitionCounts("a", 5, 10), AcquisitionCounts("b", 3, 6)]) is None


def test_correct_predictions_are_counted_by_acquisition_when_acquisitions_are_known() -> None:
    scores = evaluate_predictions(make_set([True, False, True, False]), "made", [1] * 4, [True, True, True, True])
    assert scores.acquisitions == (AcquisitionCounts("dataset 0", 2, 2), AcquisitionCounts("dataset 1", 0, 2))
    assert (
        evaluate_predictions(make_set([True, False], datasets=None), "made", [1] * 2, [True, True]).acquisitions == ()
    )


def test_correct_and_auc_take_off_as_the_positive_class() -> None:
    scores = evaluate_predictions(
        make_set([True, True, False, False]), "made", [0.9, 0.4, 0.6, 0.1], [True, False, True, False]
    )
    assert (scores.correct, scores.images, scores.auc) == (2, 4, 0.75)


def test_auc_is_none_with_one_class_only() -> None:
    assert evaluate_predictions(make_set([True, True]), "made", [0.1, 0.9], [False, True]).auc is None


def test_one_acquisition_and_unknown_acquisitions_give_a_warning() -> None:
    warnings = [
        evaluate_predictions(make_set([True] * 2, datasets=count), "made", [1, 1], [True] * 2).warning
        for count in (1, None, 2)
    ]
    assert "one acquisition" in str(warnings[0])
    assert "unknown" in str(warnings[1])
    assert warnings[2] is None


def test_the_rule_is_beaten_only_by_a_larger_auc() -> None:
    real_set = make_set([True, False])
    release = evaluate_predictions(real_set, "release 1", [1, 0], [True, False])
    rule = evaluate_predictions(real_set, "border/centre rule", [1, 0], [True, False])
    worse = evaluate_predictions(real_set, "border/centre rule", [0, 1], [False, True])
    assert sets_not_beaten([release, rule]) == [(release, rule)]
    assert sets_not_beaten([release, worse]) == []


def test_the_rule_compares_a_square_ring_of_6_px_with_a_square_of_28_px() -> None:
    inputs = np.zeros((3, 56, 56, 1), dtype=np.float32)
    inputs[0], inputs[0, 6:-6, 6:-6] = 0.5, 0.25
    inputs[1, 14:42, 14:42] = 1
    ratios = score_border_centre(inputs)
    assert ratios == pytest.approx([2, 0, 1], abs=1e-6)
