"""The real sets are what their README says, and the untrained rule does on them what the reference says."""

import pytest

from shared.errors import InvalidInputError
from shared.preprocessing import preprocess
from training.evaluate import judge_rule
from training.real_sets import load_real_sets


def test_the_rule_does_what_the_reference_says_on_real_images() -> None:
    """Accuracy 1.00 and AUC 1.00 on the bladder, .80 and .93 on the development set."""
    figures = [
        judge_rule(real_set, preprocess(real_set.ion_images))
        for real_set in load_real_sets(["mouse_bladder", "metaspace_predicted"])
    ]
    assert [(row.right, row.images) for row in figures] == [(77, 77), (39, 49)]
    assert [round(row.auc, 2) for row in figures] == [1.0, 0.93]


def test_real_sets_have_the_sizes_and_classes_of_their_readme() -> None:
    sizes = {real_set.name: (len(real_set.ion_images), int(real_set.off.sum())) for real_set in load_real_sets()}
    assert sizes == {
        "mouse_bladder": (77, 25),
        "metaspace_predicted": (49, 18),
        "metaspace_predicted_sure": (43, 15),
        "gold_standard_top_losses": (56, 25),
        "sample_only": (351, 0),
        "brain_interiors": (154, 0),
    }


def test_an_unknown_set_is_named_in_one_sentence() -> None:
    with pytest.raises(InvalidInputError, match="no real set is named 'gold'; expected one of: mouse_bladder"):
        load_real_sets(["gold"])
