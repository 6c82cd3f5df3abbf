"""Settings of area networks: everything that determines a run."""

from pydantic import BaseModel, ConfigDict, Field

from training.synthetic.mixture import CURRENT


class AreaSettings(BaseModel):
    """Settings of one run; a run folder is resumed only with the same settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    examples: int = Field(default=4000, ge=1)
    """Windows of real acquisitions; there are as many semi-synthetic datasets."""

    mixture: str = CURRENT
    """What semi-synthetic datasets are drawn from."""

    members: int = Field(default=5, ge=1)
    folds: int | None = Field(default=5, ge=2)
    """Parts of the acquisitions that are held out in turn, each from networks of its own; None = nothing is held out,
    so nothing can be calibrated."""

    fold_members: int = Field(default=5, ge=1)
    """Networks of each fold; as many as the release has members, for the verdict rests on their mean."""

    steps: int = Field(default=3000, ge=1)
    """Batches that a network is fitted on."""

    ions: int = Field(default=96, ge=2)
    """Ion images of a batch."""

    datasets: int = Field(default=24, ge=2)
    """Most datasets of a batch."""

    window_share: float = Field(default=0.45, ge=0, le=1)
    """Share of a batch's datasets that are windows of real acquisitions; the others are semi-synthetic."""

    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=1e-3, ge=0)
    seed: int = Field(default=1, ge=0)
