"""The validation part of labelled data: whole datasets, about a tenth, and recorded in the run folder."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInputError
from training.fit.labelled_data import describe_fit_data, split_validation
from training.labelled.labelled_set import LabelledSet


def make_set(sizes: list[int], off: list[bool] | None = None) -> LabelledSet:
    images = sum(sizes)
    datasets = tuple(f"dataset {number}" for number, size in enumerate(sizes) for _ in range(size))
    labels = np.arange(images) % 2 == 0 if off is None else np.asarray(off)
    inputs = np.zeros((images, 1, 1, 2), dtype=np.float32)
    return LabelledSet("made", "labels", inputs, labels, datasets, tuple(map(str, range(images))))


def test_the_largest_dataset_is_fitted_on_where_there_are_few() -> None:
    training, validation = split_validation(make_set([300, 40, 20, 60]))
    assert len(validation) <= 42
    assert "dataset 0" in training.dataset_names


def test_the_smallest_dataset_is_for_validation_when_each_is_more_than_a_tenth() -> None:
    _, validation = split_validation(make_set([30, 20, 40]))
    assert validation.dataset_names == ["dataset 1"]


@given(sizes=st.lists(st.integers(2, 60), min_size=2, max_size=30))
def test_at_most_a_tenth_or_one_dataset_is_for_validation_and_no_dataset_is_in_both_parts(sizes: list[int]) -> None:
    training, validation = split_validation(make_set(sizes))
    assert not set(training.datasets) & set(validation.datasets)
    assert len(training) + len(validation) == sum(sizes)
    assert len(validation) <= sum(sizes) / 10 or len(validation) == min(sizes)


def test_the_training_part_keeps_both_classes() -> None:
    """All off-sample images are of the smallest dataset."""
    training, validation = split_validation(make_set([40, 6, 30], [False] * 40 + [True] * 6 + [False] * 30))
    assert validation.dataset_names == ["dataset 2"]
    assert training.off.any()


def test_data_with_each_class_in_one_dataset_only_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="classes"):
        split_validation(make_set([3, 3], [True] * 3 + [False] * 3))


def test_one_dataset_cannot_be_split() -> None:
    with pytest.raises(InvalidInputError, match="datasets"):
        split_validation(make_set([9]))


def test_a_run_records_which_datasets_it_is_fitted_on() -> None:
    labelled_set = make_set([30, 20, 40])
    found = describe_fit_data(labelled_set, *split_validation(labelled_set))
    assert (found.datasets, found.fitted, found.watched) == (3, ("dataset 0", "dataset 2"), ("dataset 1",))
