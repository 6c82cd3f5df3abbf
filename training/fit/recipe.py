"""Recipes: how networks are fitted, and the named presets."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.preprocessing import CONTEXT_CHANNELS, NETWORK_CHANNELS, Channel, ContextChannel

Augmentation = Literal[
    "flips",
    "transposition",
    "gamma",
    "noise",
    "hot_spots",
    "crops",
    "lost_mask",
    "swapped_context",
    "lost_context",
]
"""See `training/fit/augmentation.py`."""

LABEL_ORDER: tuple[Literal["on", "off"], Literal["on", "off"]] = ("on", "off")
"""The label of each of the two outputs; every manifest states it."""


class PresetName(StrEnum):
    """`default` is the recipe of releases, `context` the same plus the context of the dataset.

    `report-2018` is the recipe of the 2018 report and its notebook.
    """

    DEFAULT = "default"
    REPORT_2018 = "report-2018"
    CONTEXT = "context"


class Recipe(BaseModel):
    """How one network is fitted, independent of the data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: tuple[Channel | ContextChannel, ...] = ("ion_image", "acquisition_mask")
    """Input channels of the network."""

    optimiser: Literal["adam", "sgd"] = "adam"
    momentum: float = Field(default=0, ge=0, lt=1)
    """Momentum of SGD, not Nesterov's."""

    learning_rate: float = Field(default=1e-3, gt=0)
    schedule: Literal["constant", "cosine"] = "cosine"
    """`cosine` falls from the learning rate to 0."""

    epochs: int = Field(default=4, ge=1)
    passes_per_epoch: int = Field(default=1, ge=1)
    """How often an epoch shows each image."""

    batch: int = Field(default=64, ge=1)
    full_batches_only: bool = False
    l2: float = Field(default=1e-4, ge=0)
    """Penalty on convolution and dense kernels."""

    label_smoothing: float = Field(default=0, ge=0, lt=1)
    initialiser: Literal["glorot_uniform", "he_normal"] = "glorot_uniform"
    normalisation_momentum: float = Field(default=0.9, gt=0, lt=1)
    """Momentum of batch normalisation's moving averages."""

    augmentations: tuple[Augmentation, ...] = ("flips", "transposition", "gamma", "lost_mask")
    balanced_groups: bool = False
    """Whether every group is drawn equally often, regardless of its number of images."""

    @property
    def uses_context(self) -> bool:
        """Whether the network's inputs include the context of the dataset."""
        return not set(self.channels).isdisjoint(CONTEXT_CHANNELS)


_DEFAULT = Recipe()

RECIPES: dict[PresetName, Recipe] = {
    PresetName.DEFAULT: _DEFAULT,
    PresetName.REPORT_2018: Recipe(
        channels=("ion_image",),
        optimiser="sgd",
        momentum=0.9,
        learning_rate=0.01,
        schedule="constant",
        epochs=3,
        passes_per_epoch=2,
        batch=32,
        full_batches_only=True,
        l2=0.05,
        normalisation_momentum=0.99,
        augmentations=("flips",),
    ),
    PresetName.CONTEXT: _DEFAULT.model_copy(
        update={
            "channels": NETWORK_CHANNELS,
            "augmentations": (*_DEFAULT.augmentations, "swapped_context", "lost_context"),
        }
    ),
}
"""`report-2018`: Kovalev 2018, section Implementation (optimiser), and its notebook (batch, L2, epochs, steps)."""
