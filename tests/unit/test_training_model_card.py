"""The card describes the data that a release was fitted on, and no other data."""

import numpy as np
import pytest

from model_store.release import Release
from shared.errors import InvalidInputError
from shared.ion_image import make_ion_image
from training.fit.recipe import PresetName
from training.fit.settings import FitData, make_settings
from training.metrics.real_set_scores import evaluate_predictions
from training.real_sets import RealSet
from training.release.decision import UNDECIDED
from training.release.model_card import CardContent, rewrite_scores, write_model_card

FIT = make_settings(
    PresetName.DEFAULT,
    data=FitData(name="my_labels", digest="0" * 64, datasets=3, fitted=("liver", "lung"), watched=("kidney",)),
    images=400,
    validation_images=40,
)
NOTHING_OFF = RealSet(
    "sample_only",
    "acquisitions of sample only: every off is false",
    (make_ion_image(np.ones((4, 4))),) * 4,
    np.zeros(4, dtype=np.bool_),
    ("a", "a", "b", "b"),
)


def write_card(release: Release) -> str:
    rows = [evaluate_predictions(NOTHING_OFF, "release", [0, 1, 0, 0], [False, True, False, False])]
    return write_model_card(CardContent(release.manifest, FIT, rows, UNDECIDED, None, None))


def test_a_card_for_own_labels_counts_fitted_datasets_and_names_held_out_ones(release: Release) -> None:
    card = " ".join(write_card(release).split())
    assert "400 labelled ion images of my_labels, 2 datasets." in card
    assert "40 images of 1 other dataset were held out: kidney." in card
    assert "texture" not in card
    assert "semi-synthetic" not in card


def test_a_card_counts_by_acquisition(release: Release) -> None:
    assert "- sample_only, release: a 1 of 2, b 2 of 2." in write_card(release)


def test_scores_are_rewritten_and_all_other_sections_stay_unchanged(release: Release) -> None:
    card = write_card(release)
    rows = [evaluate_predictions(NOTHING_OFF, "release", [0, 0, 0, 0], [False] * 4)]
    again = rewrite_scores(card, release.manifest, rows, None, None)
    assert "4 of 4" in again
    assert "3 of 4" not in again
    assert (
        rewrite_scores(
            again, release.manifest, [evaluate_predictions(NOTHING_OFF, "release", [0] * 4, [0, 1, 0, 0])], None, None
        )
        == card
    )


def test_a_card_that_publish_did_not_write_is_rejected(release: Release) -> None:
    with pytest.raises(InvalidInputError, match="card"):
        rewrite_scores("# Mine\n", release.manifest, [], None, None)
