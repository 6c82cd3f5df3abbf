"""The real sets match their README, and the untrained rule's scores on them match the reference."""

from dataclasses import replace

import pytest

from model_store.release import Release, open_release
from shared.errors import InvalidInputError
from shared.preprocessing import preprocess
from training.real_sets import load_real_sets
from training.release.release_scores import evaluate_release, evaluate_rule


def test_the_scores_of_the_rule_on_real_images_match_the_reference() -> None:
    """Accuracy 1.00 and AUC 1.00 on the bladder, .80 and .93 on the development set."""
    scores = [
        evaluate_rule(real_set, preprocess(real_set.ion_images))
        for real_set in load_real_sets(["mouse_bladder", "metaspace_predicted"])
    ]
    assert [(row.correct, row.images) for row in scores] == [(77, 77), (39, 49)]
    assert [round(row.auc, 2) for row in scores] == [1.0, 0.93]


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


@pytest.mark.parametrize(
    ("fitted_on", "sample_only", "brain_interiors"),
    [
        (("maldi_human_tumour_2", "mouse_embryo"), "1 of 4 acquisitions were fitted on", "none was fitted on"),
        (("my sections", "others"), "none was fitted on", "none was fitted on"),
        (("mouse_brain_interior_2",), "none was fitted on", "1 of 3 acquisitions were fitted on"),
        (None, "not known", "not known"),
    ],
)
def test_scores_state_which_acquisitions_the_release_was_fitted_on(
    release: Release, fitted_on: tuple[str, ...] | None, sample_only: str, brain_interiors: str
) -> None:
    """A release fitted on other labels used none of the textures of this project."""
    provenance = release.manifest.provenance.model_copy(update={"fitted_on": fitted_on})
    changed = replace(release, manifest=release.manifest.model_copy(update={"provenance": provenance}))
    rows = evaluate_release(changed, load_real_sets(["sample_only", "brain_interiors"]))
    roles = {row.data_set: row.role for row in rows if row.predictor.startswith("release ")}
    assert sample_only in roles["sample_only"]
    assert brain_interiors in roles["brain_interiors"]
    rules = [row.role for row in rows if not row.predictor.startswith("release ")]
    assert not any("fitted on" in role for role in rules)


def test_the_plain_release_was_not_fitted_on_the_brain_interiors_and_the_one_that_ships_was() -> None:
    plain, shipped = (set(open_release(one).manifest.provenance.fitted_on or ()) for one in ("2026.11.3", None))
    sample_only, interiors = load_real_sets(["sample_only", "brain_interiors"])
    assert set(sample_only.dataset_of) <= plain
    assert not set(interiors.dataset_of) & plain
    assert set(sample_only.dataset_of) | set(interiors.dataset_of) <= shipped
    assert len(set(interiors.dataset_of)) == 3


def test_an_unknown_set_is_named_in_the_error() -> None:
    with pytest.raises(InvalidInputError, match="'gold'"):
        load_real_sets(["gold"])
