"""Network, context network and blend use the folds of the baseline, and nothing leaks between folds."""

from pathlib import Path

import numpy as np
import pytest

from model_store.context.dataset_context import find_context
from training.baseline.networks import BLEND, CONTEXT_NETWORK, NETWORK, describe_networks, fold_in_context, run_networks
from training.baseline.whole_set import WholeSet, draw_whole_set
from training.cross_validation.comparison import make_aspect_table
from training.cross_validation.folded_set import FoldedSet, Grouping
from training.fit.recipe import PresetName
from training.labelled.folds import require_whole_groups
from training.synthetic.mixture import load_training_mixture
from training.synthetic.sources import load_sources

# TensorFlow's variables predate NumPy 2's copy keyword; Keras meets that whenever it saves or loads weights.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
    pytest.mark.usefixtures("without_graphs"),
]


def ignore(*_: object) -> None:
    """Report no progress."""


@pytest.fixture(scope="module")
def whole_set() -> WholeSet:
    return draw_whole_set(
        load_sources(),
        load_training_mixture(),
        datasets=6,
        ions=7,
        folds=2,
        seed=1,
        grouping=Grouping.DATASET,
    )


@pytest.fixture(scope="module")
def folded(whole_set: WholeSet) -> FoldedSet:
    return fold_in_context(whole_set, Grouping.DATASET)


def test_every_image_gets_the_context_of_all_ions_of_its_dataset(whole_set: WholeSet, folded: FoldedSet) -> None:
    names = np.asarray(folded.labelled_set.datasets)
    for dataset in whole_set.datasets:
        context = find_context(dataset.inputs)
        assert context is not None
        inputs = folded.labelled_set.inputs[names == dataset.name]
        assert len(inputs) == dataset.labelled.sum()
        for image in inputs:
            np.testing.assert_array_equal(image[..., 2], context.mean_ion_image)
            np.testing.assert_array_equal(image[..., 3], context.sample_mask)


def test_no_dataset_outline_or_texture_is_in_two_folds(folded: FoldedSet) -> None:
    require_whole_groups(folded.group_keys, folded.fold_of)
    names = np.asarray(folded.labelled_set.datasets)
    assert all(len(set(folded.fold_of[names == name].tolist())) == 1 for name in set(names.tolist()))


def test_every_method_predicts_every_image_and_a_second_run_fits_nothing(
    whole_set: WholeSet, folded: FoldedSet, tmp_path: Path
) -> None:
    settings = describe_networks(folded, members=1, epochs=1, seed=1)
    assert set(settings) == {PresetName.DEFAULT, PresetName.CONTEXT}
    seen: list[tuple[int, int]] = []
    found = run_networks(folded, settings, tmp_path, lambda fold, attempt, _: seen.append((fold, attempt)))
    assert seen == [(1, 1), (2, 1)] * 2
    names = [method.name for method in found.methods]
    assert names[:2] == [NETWORK, CONTEXT_NETWORK]
    assert names[-1] == BLEND
    for method in found.methods:
        assert method.scores.shape == method.predicted_off.shape == folded.fold_of.shape
        assert ((method.scores >= 0) & (method.scores <= 1)).all()
    probabilities = {method.name: method.scores for method in found.methods}
    assert (probabilities[CONTEXT_NETWORK] != probabilities[f"{CONTEXT_NETWORK}, context withheld"]).any()
    assert (probabilities[CONTEXT_NETWORK] != probabilities[f"{CONTEXT_NETWORK}, context of another dataset"]).any()
    assert found.blend.fitted_on.startswith(f"{len(folded.fold_of)} held-out images of 6 datasets")
    again = run_networks(folded, settings, tmp_path, lambda *_: seen.append((0, 0)))
    assert len(seen) == 4
    for one, two in zip(found.methods, again.methods, strict=True):
        np.testing.assert_array_equal(one.scores, two.scores)
    table = make_aspect_table("scene", whole_set.aspects["scene"], whole_set.off, found.methods)
    assert sum(int(row[1]) for row in table.rows) == len(whole_set.off)
    assert table.headings[3:] == tuple(names)
