"""Two predictors on the same images: who is right where, and whether that says anything about other datasets."""

import numpy as np
import pytest

from training.metrics.paired_comparison import FEWEST_DATASETS, PairedComparison, compare_paired


def compare(datasets: int, first: float, second: float, images: int = 20) -> PairedComparison:
    """In every dataset each has the first images right, a share of all."""
    names = [f"dataset {number}" for number in range(datasets) for _ in range(images)]
    place = np.tile(np.arange(images), datasets) / images
    return compare_paired(("old", place < first), ("new", place < second), names)


def test_images_are_counted_in_pairs() -> None:
    correct = [np.asarray(one) for one in ([True, True, False, False], [True, False, True, False])]
    found = compare_paired(("old", correct[0]), ("new", correct[1]), ["a", "a", "a", "b"])
    assert [(row.name, row.images, row.both, row.only_first, row.only_second) for row in found.datasets] == [
        ("a", 3, 1, 1, 1),
        ("b", 1, 0, 0, 0),
    ]
    assert (found.total.first, found.total.second, found.difference) == (2, 2, 0)


@pytest.mark.parametrize(("first", "second", "word"), [(0.5, 0.9, "better"), (0.9, 0.5, "worse"), (0.5, 0.5, "apart")])
def test_the_verdict_follows_the_interval_over_datasets(first: float, second: float, word: str) -> None:
    found = compare(FEWEST_DATASETS, first, second)
    assert word in found.verdict
    assert found.interval_95 == pytest.approx((second - first, second - first))


def test_one_dataset_that_gained_much_does_not_make_a_predictor_better() -> None:
    names = [f"dataset {number}" for number in range(6) for _ in range(10)]
    first = np.ones(60, dtype=np.bool_)
    first[:10] = False
    second = np.ones(60, dtype=np.bool_)
    found = compare_paired(("old", first), ("new", second), names)
    assert found.difference > 0.1
    assert "apart" in found.verdict


def test_too_few_datasets_are_not_judged_and_the_numbers_are_named() -> None:
    found = compare(FEWEST_DATASETS - 1, 0.1, 0.9)
    assert found.interval_95 is None
    assert f"80 labels of {FEWEST_DATASETS - 1} datasets" in found.verdict
    assert f"{FEWEST_DATASETS} datasets or more" in found.verdict
