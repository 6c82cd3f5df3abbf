"""Labelled data to fit on: everything, unless datasets are held out by name; and the record in the run folder."""

import numpy as np
import pytest

from shared.errors import InvalidInputError
from shared.preprocessing import ALL_CHANNELS
from training.fit.labelled_data import describe_fit_data, hold_out, require_both_classes
from training.fit.mixing import mix
from training.labelled.labelled_set import LabelledSet
from training.synthetic.synthetic_set import SyntheticSet


def make_set(sizes: list[int], off: list[bool] | None = None) -> LabelledSet:
    images = sum(sizes)
    datasets = tuple(f"dataset {number}" for number, size in enumerate(sizes) for _ in range(size))
    labels = np.arange(images) % 2 == 0 if off is None else np.asarray(off)
    inputs = np.zeros((images, 1, 1, 2), dtype=np.float32)
    return LabelledSet("made", "labels", inputs, labels, datasets, tuple(map(str, range(images))))


def make_companions(images: int) -> SyntheticSet:
    inputs = np.ones((images, 1, 1, len(ALL_CHANNELS)), dtype=np.float32)
    names = ("x",) * images
    return SyntheticSet(inputs, np.arange(images) % 2 == 0, (("mask", "texture"),) * images, names, names, names)


def test_everything_is_fitted_on_unless_a_dataset_is_held_out() -> None:
    training, held_out = hold_out(make_set([30, 20, 40]), [])
    assert (len(training), len(held_out)) == (90, 0)


def test_named_datasets_are_held_out_whole() -> None:
    training, held_out = hold_out(make_set([30, 20, 40]), ["dataset 1"])
    assert (training.dataset_names, held_out.dataset_names) == (["dataset 0", "dataset 2"], ["dataset 1"])
    assert (len(training), len(held_out)) == (70, 20)


def test_a_name_that_no_dataset_has_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="dataset 7"):
        hold_out(make_set([3, 3]), ["dataset 7"])


def test_something_must_be_left_to_fit_on() -> None:
    with pytest.raises(InvalidInputError, match="held out"):
        hold_out(make_set([3, 3]), ["dataset 0", "dataset 1"])


def test_labels_of_one_class_alone_are_refused_with_their_numbers() -> None:
    with pytest.raises(InvalidInputError, match="9 on and 0 off"):
        require_both_classes(make_set([9], [False] * 9))
    require_both_classes(make_set([9]))


def test_a_run_records_which_datasets_it_is_fitted_on() -> None:
    labelled_set = make_set([30, 20, 40])
    found = describe_fit_data(labelled_set, *hold_out(labelled_set, ["dataset 1"]))
    assert (found.datasets, found.fitted, found.watched) == (3, ("dataset 0", "dataset 2"), ("dataset 1",))
    assert found.images == 70


@pytest.mark.parametrize(("labelled", "companions", "shown"), [(10, 40, 40), (3, 100, 30), (50, 20, 50)])
def test_labelled_images_are_half_of_a_mix_or_shown_ten_times(labelled: int, companions: int, shown: int) -> None:
    mixed = mix(make_set([labelled]), make_companions(companions))
    assert len(mixed.off) == len(mixed.groups) == len(mixed.inputs) == shown + companions
    assert np.count_nonzero(mixed.inputs.max(axis=(1, 2, 3)) == 0) == shown
    assert mixed.inputs.shape[1:] == (1, 1, 2)
