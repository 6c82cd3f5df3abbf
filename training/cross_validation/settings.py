"""Cross-validation settings: everything that determines a cross-validation."""

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from training.cross_validation.folded_set import FoldedSet, Grouping
from training.fit.recipe import PresetName, Recipe
from training.fit.settings import FitSettings, settings_of
from training.fit.start import StartRecord

_REPEAT_STREAM = 5


class CrossValidationSettings(BaseModel):
    """Settings of a cross-validation; a folder is resumed only with the same settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """Name of the data."""

    origin: Literal["labels", "synthetic"]
    digest: str
    """SHA-256 of inputs, labels and dataset names."""

    images: int = Field(ge=2)
    grouping: Grouping
    folds: int = Field(ge=2)
    attempts: int = Field(ge=1)
    """Repeats: independent fits per fold, averaged at the end; the 2018 report has five. The name is the JSON key."""

    members: int = Field(ge=1)
    """Networks per repeat; 1 in the report."""

    preset: PresetName
    recipe: Recipe

    seed: int = Field(ge=0)
    start: StartRecord | None = None
    """The release whose networks are retrained; None = new networks."""

    synthetic_images: int = Field(default=0, ge=0)
    """Semi-synthetic images mixed into those of every fold."""

    def fit_settings(self, fold: int, repeat: int, training_images: int, held_out_images: int) -> FitSettings:
        """Fit settings of one repeat, with its own seed; `fold` and `repeat` count from 1."""
        own_seed = np.random.SeedSequence((self.seed, _REPEAT_STREAM, fold, repeat)).generate_state(1)[0]
        return settings_of(
            self.preset,
            self.recipe,
            images=training_images,
            members=self.members,
            seed=int(own_seed),
            validation_images=held_out_images,
            start=self.start,
            synthetic_images=self.synthetic_images,
        )


def describe_run(  # noqa: PLR0913 - everything that determines a run
    folded: FoldedSet,
    preset: PresetName,
    recipe: Recipe,
    *,
    attempts: int,
    members: int,
    seed: int,
    start: StartRecord | None = None,
    synthetic_images: int = 0,
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
        start=start,
        synthetic_images=synthetic_images,
    )
