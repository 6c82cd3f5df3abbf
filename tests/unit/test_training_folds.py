"""Folds keep groups whole, and a split group is detected."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInputError
from training.labelled.folds import assign_folds, choose_folds, require_whole_groups


@given(groups=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=60), folds=st.integers(2, 5))
def test_every_group_is_in_one_fold_and_no_fold_is_empty(groups: list[str], folds: int) -> None:
    if len(set(groups)) < folds:
        with pytest.raises(InvalidInputError, match=r"folds|hold out"):
            assign_folds(groups, folds)
        return
    fold_of = assign_folds(groups, folds)
    assert set(fold_of.tolist()) == set(range(folds))
    for group in set(groups):
        assert len({int(fold) for fold, one in zip(fold_of, groups, strict=True) if one == group}) == 1


def test_a_group_in_two_folds_is_named() -> None:
    with pytest.raises(InvalidInputError, match="'b'"):
        require_whole_groups([("a",), ("b",), ("b",)], np.array([0, 0, 1]))


def test_every_kind_of_key_is_checked_separately() -> None:
    """A texture in two folds is found though its masks are in one; a mask and a texture may share a name."""
    require_whole_groups([("m1", "t1"), ("m2", "m1")], np.array([0, 1]))
    with pytest.raises(InvalidInputError, match="'t1'"):
        require_whole_groups([("m1", "t1"), ("m2", "t1")], np.array([0, 1]))


def test_there_are_at_most_as_many_folds_as_groups_unless_a_number_is_requested() -> None:
    assert [choose_folds(None, 10, groups, "datasets")[0] for groups in (3, 10, 87)] == [3, 10, 10]
    assert choose_folds(4, 10, 87, "datasets")[0] == 4
    assert "one for each of the 3 datasets" in choose_folds(None, 10, 3, "datasets")[1]
