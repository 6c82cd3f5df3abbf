"""Fit settings: what makes one run differ from another."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.errors import InvalidInputError
from shared.validation import describe_validation_error
from training.preset import NUMBERS, PASSES_PER_EPOCH_2018, PresetName

_DEFAULT = NUMBERS[PresetName.DEFAULT]


class FitData(BaseModel):
    """Labelled ion images of other people that a run is fitted on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """Of the folder or file; no path."""

    digest: str
    """SHA-256 of inputs, labels and dataset names: a run is resumed only with the data it was begun with."""

    datasets: int = Field(ge=1)


class FitSettings(BaseModel):
    """Recipe of one run; a run folder is resumed only under the settings it was begun with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: PresetName = PresetName.DEFAULT
    """Decides optimiser, steps of an epoch and augmentation."""

    data: FitData | None = None
    """None = semi-synthetic ion images."""

    images: int = Field(default=24_000, ge=2)
    """Training images, shared by the members."""

    members: int = Field(default=5, ge=1)
    epochs: int = Field(default=_DEFAULT["epochs"], ge=1)
    seed: int = Field(default=1, ge=0)
    validation_images: int = Field(default=2_000, ge=1)
    """Images of held-out outlines and textures, or of held-out datasets; they are watched and select nothing."""

    batch: int = Field(default=_DEFAULT["batch"], ge=1)
    learning_rate: float = Field(default=_DEFAULT["learning_rate"], gt=0)
    """Adam's at the start, falling to 0 along a cosine; with `report-2018` SGD's, constant."""

    l2: float = Field(default=_DEFAULT["l2"], ge=0)
    """Much below the 0.05 of 2018, which belongs to three short epochs of SGD."""

    @model_validator(mode="after")
    def _require_a_step(self) -> "FitSettings":
        if self.steps_per_epoch == 0:
            raise ValueError(f"{self.images} images are no full batch; right would be at least {self.batch} images")
        return self

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch; the last one may be smaller, but never with `report-2018`, which takes full ones."""
        if self.preset is PresetName.REPORT_2018:
            return self.images // self.batch * PASSES_PER_EPOCH_2018
        return -(-self.images // self.batch)


def make_settings(preset: PresetName, **chosen: Any) -> FitSettings:
    """The preset's numbers, and in their place those that somebody chose (None = not chosen).

    Raises
    ------
    InvalidInputError
        When a number is out of its range.
    """
    numbers = NUMBERS[preset] | {name: value for name, value in chosen.items() if value is not None}
    try:
        return FitSettings(preset=preset, **numbers)
    except ValidationError as error:
        raise InvalidInputError(f"these settings cannot be fitted with: {describe_validation_error(error)}") from error
