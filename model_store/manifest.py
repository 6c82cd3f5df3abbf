"""What a release says of itself: `manifest.json`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.preprocessing import INPUT_SIDE_PX, PREPROCESSING_VERSION

Probability = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ReleaseFile(_Part):
    """One file of a release and what its bytes must hash to."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class InputDescription(_Part):
    """What the network takes."""

    side_px: Literal[56] = INPUT_SIDE_PX
    channels: tuple[Literal["ion_image"], ...] = ("ion_image",)
    preprocessing_version: str = PREPROCESSING_VERSION


class RealSetFigures(_Part):
    """What one predictor did on one real set; figures of different sets are never pooled."""

    data_set: str
    predictor: str
    right: int = Field(ge=0)
    images: int = Field(ge=1)
    wilson_95: tuple[Probability, Probability]
    auc: Probability | None


class Provenance(_Part):
    """Where the release came from, enough to make it again."""

    created: str = Field(description="ISO 8601 date")
    command: str
    code_version: str
    seed: int
    training_data: str
    training_images: int
    licence_notes: str


class Manifest(_Part):
    """`manifest.json` of a release."""

    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)
    kind: Literal["ensemble"] = "ensemble"
    input: InputDescription
    label_order: tuple[Literal["on", "off"], Literal["on", "off"]]
    """Which label each of a member's two outputs stands for: data, not convention."""
    threshold: Probability
    """Off-sample probability at and above which the label is "off"."""
    uncertain_band: tuple[Probability, Probability] | None
    """Probabilities between which a row is `uncertain`; None when the release states none."""
    calibration: str
    members: tuple[ReleaseFile, ...] = Field(min_length=1)
    ensemble_onnx: ReleaseFile
    model_card: ReleaseFile
    figures: tuple[RealSetFigures, ...]
    provenance: Provenance

    @property
    def off_index(self) -> int:
        """Position of the off-sample probability among a member's two outputs."""
        return self.label_order.index("off")
