"""The head of a model card states what the manifest does, and nothing about data that were fitted on."""

import yaml

from model_store.manifest import AcquisitionScores, PublishedScores
from model_store.release import Release
from training.metrics.border_centre import RULE_NAME
from training.release.front_matter import add_front_matter


def scores_on(data_set: str, predictor: str, acquisition: str) -> PublishedScores:
    return PublishedScores(
        data_set=data_set,
        predictor=predictor,
        correct=3,
        images=4,
        wilson_95=(0.3, 0.9),
        auc=0.75,
        acquisitions=(AcquisitionScores(name=acquisition, correct=3, images=4),),
    )


def test_every_set_has_its_scores_but_not_the_rule_and_nothing_that_was_fitted_on(release: Release) -> None:
    provenance = release.manifest.provenance.model_copy(update={"fitted_on": ("liver",)})
    figures = (
        scores_on("seen", "release", "liver"),
        scores_on("not_seen", "release", "lung"),
        scores_on("not_seen", RULE_NAME, "lung"),
    )
    changes = {"figures": figures, "provenance": provenance, "benchmark": None, "area": None}
    card = add_front_matter("# Release\n", release.manifest.model_copy(update=changes))
    empty, text, rest = card.split("---\n", 2)
    assert (empty, rest) == ("", "\n# Release\n")
    head = yaml.safe_load(text)
    assert head["license"] == "apache-2.0"
    (result,) = head["model-index"][0]["results"]
    assert result["dataset"] == {"name": "not_seen", "type": "ion-images"}
    assert [(one["type"], one["value"]) for one in result["metrics"]] == [("accuracy", 0.75), ("roc_auc", 0.75)]
