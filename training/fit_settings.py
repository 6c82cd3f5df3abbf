"""Fit settings: what makes one run differ from another."""

from pydantic import BaseModel, ConfigDict, Field


class FitSettings(BaseModel):
    """Recipe of one run; a run folder is resumed only under the settings it was begun with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    images: int = Field(default=24_000, ge=2)
    """Semi-synthetic training images, shared by the members."""

    members: int = Field(default=5, ge=1)
    epochs: int = Field(default=4, ge=1)
    seed: int = Field(default=1, ge=0)
    validation_images: int = Field(default=2_000, ge=2)
    """Semi-synthetic images of held-out outlines and textures; they are watched and select nothing."""

    batch: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    """Adam's at the start; it falls to 0 along a cosine."""

    l2: float = Field(default=1e-4, ge=0)
    """Much below the 0.05 of 2018, which belongs to three short epochs of SGD."""

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch, the last one possibly smaller."""
        return -(-self.images // self.batch)
