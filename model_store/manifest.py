"""`manifest.json`, the description of a release."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from model_store.area.decision import AreaDecision
from model_store.reference import Reference
from shared.preprocessing import (
    ALL_CHANNELS,
    INPUT_SIDE_PX,
    NETWORK_CHANNELS,
    PREPROCESSING_VERSION,
    Channel,
    ContextChannel,
)

VERSION_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"

Probability = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ReleaseFile(_Part):
    """One file of a release and what its bytes must hash to."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class InputDescription(_Part):
    """Input of the networks."""

    side_px: Literal[56] = INPUT_SIDE_PX
    channels: tuple[Channel | ContextChannel, ...] = Field(min_length=1)
    """In the order of the network's input: the first of `ALL_CHANNELS`, or all, or all with the context."""
    preprocessing_version: str = PREPROCESSING_VERSION

    @field_validator("channels")
    @classmethod
    def _require_order(cls, channels: tuple[Channel | ContextChannel, ...]) -> tuple[Channel | ContextChannel, ...]:
        if channels not in {ALL_CHANNELS[:1], ALL_CHANNELS, NETWORK_CHANNELS}:
            raise ValueError(
                f"expected channels {ALL_CHANNELS[:1]}, {ALL_CHANNELS} or {NETWORK_CHANNELS}, got {channels}"
            )
        return channels

    @property
    def image_channels(self) -> tuple[Channel, ...]:
        """Those that preprocessing makes from each image."""
        return ALL_CHANNELS[: len(self.channels)]


class HeldOutAcquisition(_Part):
    """What networks that did not see an acquisition did on it; with a few of its ions, sums over random choices."""

    acquisition: str
    series: str
    truth: Literal["present", "absent", "unknown"]
    """Whether it has off-sample area."""
    ions: int | None = Field(ge=1)
    """Number of ions that were read together; None = all."""
    probability: Probability
    """Mean calibrated probability of off-sample area."""
    verdicts: tuple[int, int, int]
    """How often the area was found present, absent and unclear."""
    labelled: int = Field(ge=0)
    correct: int = Field(ge=0)
    plain_correct: int = Field(ge=0)
    """Of the plain release, which sees every image alone."""
    on: int = Field(ge=0)
    false_off: int = Field(ge=0)
    plain_false_off: int = Field(ge=0)
    auc: Probability | None
    plain_auc: Probability | None
    plain_fitted_on: bool
    """Whether the plain release was fitted on textures of it."""


class AreaParts(_Part):
    """The area networks of a release, and how they decide."""

    members: tuple[ReleaseFile, ...] = Field(min_length=1)
    """One Keras file a network."""
    encode: ReleaseFile
    context: ReleaseFile
    judge: ReleaseFile
    verdict: ReleaseFile
    """ONNX graphs, each with one part of all members (`model_store/area/graphs.py`)."""
    decision: AreaDecision
    held_out: tuple[HeldOutAcquisition, ...] = ()

    @property
    def graphs(self) -> dict[str, ReleaseFile]:
        """The graphs by name."""
        return {"encode": self.encode, "context": self.context, "judge": self.judge, "verdict": self.verdict}

    @property
    def files(self) -> tuple[ReleaseFile, ...]:
        """Members and graphs."""
        return (*self.members, *self.graphs.values())


class AcquisitionScores(_Part):
    """What one predictor did on the images of one acquisition."""

    name: str
    correct: int = Field(ge=0)
    images: int = Field(ge=1)


class PublishedScores(_Part):
    """What one predictor did on one real set; scores of different sets are never pooled."""

    data_set: str
    predictor: str
    correct: int = Field(ge=0)
    images: int = Field(ge=1)
    wilson_95: tuple[Probability, Probability]
    """Of the share that is right, as if images were independent draws."""
    acquisitions_95: tuple[Probability, Probability] | None = None
    """Of the same share over acquisitions; None where there are fewer than two, or where they are not known."""
    auc: Probability | None
    acquisitions: tuple[AcquisitionScores, ...] = ()
    """The same by acquisition; empty where it is not known which image is of which."""


class BenchmarkScores(_Part):
    """What the release did on the frozen semi-synthetic benchmark, beside the untrained rule."""

    identity: str
    """Digests of the benchmark's description and images."""

    correct: int = Field(ge=0)
    images: int = Field(ge=1)
    f1: Probability
    precision: Probability
    recall: Probability
    auc: Probability
    expected_calibration_error: Probability | None
    rule_f1: Probability
    rule_auc: Probability
    accuracy_ci: tuple[Probability, Probability] | None = None
    """Of the share that is right; this and the next three are over sample masks and textures, which cross."""
    f1_95: tuple[Probability, Probability] | None = None
    rule_f1_95: tuple[Probability, Probability] | None = None
    f1_above_rule_95: tuple[float, float] | None = None
    """Of F1 minus the rule's."""


class Provenance(_Part):
    """Where the release came from, enough to reproduce it."""

    created: str = Field(description="ISO 8601 date")
    command: str
    code_version: str
    seed: int
    training_data: str
    training_images: int
    licence_notes: str
    fitted_on: tuple[str, ...] | None = None
    """Acquisitions of which ion images, or patches of them as textures, were fitted on; None = not stated."""
    described: str | None = None
    """ISO 8601 date on which card, pictures and figures were last regenerated from the same networks; None = never."""
    default_although_worse_on: tuple[str, ...] = ()
    """Real sets on which the previous default release did better than this one."""


class Manifest(_Part):
    """`manifest.json` of a release."""

    version: str = Field(pattern=VERSION_PATTERN)
    kind: Literal["ensemble", "context", "area"] = "ensemble"
    """`context`: some or all members see every image together with the context of its dataset. `area`: area networks
    find out whether the dataset has off-sample area, and decide together with the members."""
    input: InputDescription
    label_order: tuple[Literal["on", "off"], Literal["on", "off"]]
    """Which label each of a member's two outputs stands for: data, not convention."""
    threshold: Probability
    """Off-sample probability at and above which the label is "off"."""
    uncertain_band: tuple[Probability, Probability] | None
    """Probabilities between which a row is `uncertain`; None when the release states none."""
    temperature: float = Field(default=1.0, gt=0)
    """Divides the logit of the members' mean probability, where no blend is used; above 1 makes probabilities less
    extreme."""
    calibration: str
    """What the temperature was fitted on, and where it holds."""
    members: tuple[ReleaseFile, ...] = Field(min_length=1)
    context_members: int = Field(default=0, ge=0)
    """How many of the members, the last ones, are context members; the others are image members."""
    ensemble_onnx: ReleaseFile
    blend: ReleaseFile | None = None
    """Of a context release: the weights of its networks (`model_store/context/blend.py`); None = their mean is used."""
    area: AreaParts | None = None
    """Of a release of kind `area`."""
    model_card: ReleaseFile
    pictures: tuple[ReleaseFile, ...] = ()
    """What the model card shows."""
    figures: tuple[PublishedScores, ...]
    """Scores on the real sets; the name is that of the JSON field."""
    benchmark: BenchmarkScores | None = None
    reference: Reference | None = None
    """What the release found in datasets at hand; None = it was published without, see `model_store/reference.py`."""
    provenance: Provenance

    @model_validator(mode="after")
    def _require_kind_of_channels(self) -> "Manifest":
        if (self.kind == "context") != (self.input.channels == NETWORK_CHANNELS):
            raise ValueError(
                f"kind {self.kind!r} has channels {self.input.channels}; expected {NETWORK_CHANNELS} with kind"
                f" 'context', {ALL_CHANNELS[:1]} or {ALL_CHANNELS} with 'ensemble'"
            )
        if (self.kind == "context") != (self.context_members > 0) or self.image_members < 0:
            raise ValueError(
                f"kind {self.kind!r} has {self.context_members} context members of {len(self.members)}; expected at"
                " least one and at most all with kind 'context', none with 'ensemble'"
            )
        if (self.kind == "area") != (self.area is not None):
            raise ValueError(f"kind {self.kind!r} with area {self.area}; expected area networks with kind 'area' only")
        if self.blend is not None and 0 in {self.context_members, self.image_members}:
            raise ValueError("expected a blend only with both image members and context members")
        return self

    @property
    def files(self) -> tuple[ReleaseFile, ...]:
        """Every file but the manifest itself."""
        blend = () if self.blend is None else (self.blend,)
        area = () if self.area is None else self.area.files
        return (*self.members, self.ensemble_onnx, *blend, *area, self.model_card, *self.pictures)

    @property
    def uses_context(self) -> bool:
        """Whether a member sees every image together with the context of its dataset."""
        return self.kind == "context"

    @property
    def sees_datasets(self) -> bool:
        """Whether the images of a dataset are needed together."""
        return self.kind != "ensemble"

    @property
    def image_members(self) -> int:
        """How many of the members, the first ones, are image members."""
        return len(self.members) - self.context_members

    @property
    def off_index(self) -> int:
        """Position of the off-sample probability among a member's two outputs."""
        return self.label_order.index("off")
