"""Any number of methods are compared in one table, on the same images and folds."""

import numpy as np
import pytest

from shared.errors import InvalidInputError
from training.cross_validation.comparison import (
    Method,
    compare_methods,
    comparison_as_json,
    make_comparison_table,
    make_pooled_comparison_table,
    rule_method,
    student_interval,
)
from training.metrics.scores import MeanStd

OFF = np.array([True, True, False, False, True, False, False, True])
FOLD_OF = np.array([0, 0, 0, 0, 1, 1, 1, 1])


GROUPS = [(f"dataset {row // 2}",) for row in range(8)]


def make_method(name: str, predicted_off: np.ndarray) -> Method:
    return Method(name, predicted_off.astype(np.float64), predicted_off)


@pytest.mark.parametrize("count", [1, 7])
def test_every_method_is_one_row_of_either_table(count: int) -> None:
    methods = [make_method(f"method {number}", OFF) for number in range(count)]
    rows = compare_methods(OFF, FOLD_OF, GROUPS, methods)
    for table in (make_comparison_table(rows), make_pooled_comparison_table(rows)):
        assert [row[0] for row in table.rows] == [method.name for method in methods]
        assert {len(row) for row in table.rows} == {len(table.headings)}
    assert [one["method"] for one in comparison_as_json(rows)] == [method.name for method in methods]


def test_scores_are_means_over_folds_and_counts_over_all_images() -> None:
    predicted_off = OFF.copy()
    predicted_off[1] = False  # fold 1 misses one of two
    predicted_off[5] = True  # fold 2 predicts one too many
    row = compare_methods(OFF, FOLD_OF, GROUPS, [make_method("one", predicted_off)])[0]
    assert [one.recall for one in row.folds] == [0.5, 1.0]
    assert row.fold_means["recall"].mean == pytest.approx(0.75)
    assert row.fold_means["precision"].mean == pytest.approx((1 + 2 / 3) / 2)
    assert (row.pooled.correct, row.pooled.images) == (6, 8)


def test_the_interval_of_the_mean_is_students_and_within_0_and_1() -> None:
    assert student_interval(MeanStd(0.5, 0.1, 5)) == pytest.approx((0.3758, 0.6242), abs=1e-4)  # t(0.975, 4) = 2.776
    assert student_interval(MeanStd(0.95, 0.2, 2)) == (0.0, 1.0)
    assert student_interval(MeanStd(0.5, None, 1)) is None


def test_the_rule_is_a_method_like_any_other() -> None:
    method = rule_method(np.array([0.5, 1.0, 1.5]))
    assert method.predicted_off.tolist() == [False, False, True]


def test_a_method_without_a_prediction_for_every_image_is_rejected() -> None:
    with pytest.raises(InvalidInputError, match="7 labels"):
        compare_methods(OFF, FOLD_OF, GROUPS, [make_method("one", OFF[1:])])
