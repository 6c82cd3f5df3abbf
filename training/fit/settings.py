"""Fit settings: everything that determines a run."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.errors import InvalidInputError
from shared.validation import describe_validation_error
from training.fit.recipe import RECIPES, PresetName, Recipe
from training.fit.start import StartRecord
from training.synthetic.mixture import SHIPPED


class FitData(BaseModel):
    """Labelled ion images that a run is fitted on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """Name of the folder or file, without its path."""

    digest: str
    """SHA-256 of inputs, labels and dataset names: a run is resumed only with the same data."""

    datasets: int = Field(ge=1)
    """Number of datasets, fitted on or held out."""

    fitted: tuple[str, ...] | None = None
    """Names of the datasets that are fitted on; None = not recorded (older runs)."""

    watched: tuple[str, ...] = ()
    """Names of the held-out datasets, used for validation only."""

    images: int | None = Field(default=None, ge=1)
    """Labelled images that are fitted on, each counted once; None = not recorded (older runs)."""


class FitSettings(BaseModel):
    """Settings of one run; a run folder is resumed only with the same settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: PresetName = PresetName.DEFAULT
    """The preset that the recipe is based on."""

    recipe: Recipe = RECIPES[PresetName.DEFAULT]
    data: FitData | None = None
    """None = semi-synthetic ion images."""

    start: StartRecord | None = None
    """The networks that the members start from; None = new networks."""

    synthetic_images: int = Field(default=0, ge=0)
    """Semi-synthetic images mixed into the labelled ones."""

    mixture: str = SHIPPED
    """Name of the mixture that semi-synthetic ion images are drawn from."""

    images: int = Field(default=20_000, ge=2)
    """Training images of one pass, repeats included, shared by the members."""

    members: int = Field(default=5, ge=1)
    seed: int = Field(default=1, ge=0)
    validation_images: int = Field(default=2_000, ge=0)
    """Images of held-out outlines and textures, or of held-out datasets; they are monitored and select nothing.

    0 = every labelled dataset is fitted on.
    """

    @model_validator(mode="after")
    def _require_a_step(self) -> "FitSettings":
        if self.steps_per_epoch == 0:
            least = self.recipe.batch
            raise ValueError(f"expected at least {least} images (one full batch), got {self.images}")
        return self

    @property
    def distinct_images(self) -> int:
        """Training images, each counted once."""
        labelled = None if self.data is None else self.data.images
        return self.images if labelled is None else labelled + self.synthetic_images

    @property
    def images_per_pass(self) -> int:
        """Images in one pass: all, or as many as fill whole batches."""
        recipe = self.recipe
        return self.images // recipe.batch * recipe.batch if recipe.full_batches_only else self.images

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch; the last one may be smaller."""
        return -(-self.images_per_pass * self.recipe.passes_per_epoch // self.recipe.batch)


def make_settings(preset: PresetName, *, epochs: int | None = None, **chosen: Any) -> FitSettings:
    """Settings of a preset, with the chosen number of epochs and other chosen values (None = the default).

    Raises
    ------
    InvalidInputError
        When a value is out of range.
    """
    recipe = RECIPES[preset] if epochs is None else RECIPES[preset].model_copy(update={"epochs": epochs})
    return settings_of(preset, recipe, **chosen)


def settings_of(preset: PresetName, recipe: Recipe, **chosen: Any) -> FitSettings:
    """Settings with any recipe; see `make_settings`."""
    given = {name: value for name, value in chosen.items() if value is not None}
    try:
        return FitSettings.model_validate({"preset": preset, "recipe": recipe.model_dump(), **given})
    except ValidationError as error:
        raise InvalidInputError(f"invalid fit settings: {describe_validation_error(error)}") from error
