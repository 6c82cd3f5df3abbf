"""Cross-validation settings: what makes one cross-validation differ from another."""

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from training.cross_validation.folded_set import FoldedSet, Grouping
from training.fit.recipe import PresetName, Recipe
from training.fit.settings import FitSettings, settings_of

_REPEAT_STREAM = 5


class CrossValidationSettings(BaseModel):
    """A folder is resumed only under the settings it was begun with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """Of the data."""

    origin: Literal["labels", "synthetic"]
    digest: str
    """SHA-256 of inputs, labels and dataset names."""

    images: int = Field(ge=2)
    grouping: Grouping
    folds: int = Field(ge=2)
    attempts: int = Field(ge=1)
    """Independent fits per fold, averaged in the end: the report's five."""

    members: int = Field(ge=1)
    """Networks per attempt; 1 in the report."""

    preset: PresetName
    recipe: Recipe

    seed: int = Field(ge=0)

    def fit_settings(self, fold: int, attempt: int, training_images: int, held_out_images: int) -> FitSettings:
        """Those of one attempt, with a seed of its own; `fold` and `attempt` count from 1."""
        own_seed = np.random.SeedSequence((self.seed, _REPEAT_STREAM, fold, attempt)).generate_state(1)[0]
        return settings_of(
            self.preset,
            self.recipe,
            images=training_images,
            members=self.members,
            seed=int(own_seed),
            validation_images=held_out_images,
        )


def describe_run(
    folded: FoldedSet, preset: PresetName, recipe: Recipe, *, attempts: int, members: int, seed: int
) -> CrossValidationSettings:
    """The settings of a cross-validation of these images."""
    labelled_set = folded.labelled_set
    return CrossValidationSettings(
        name=labelled_set.name,
        origin=labelled_set.origin,
        digest=labelled_set.digest(),
        images=len(labelled_set),
        grouping=folded.grouping,
        folds=folded.folds,
        attempts=attempts,
        members=members,
        preset=preset,
        recipe=recipe,
        seed=seed,
    )
