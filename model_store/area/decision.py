"""The verdict on a dataset's off-sample area, and which networks decide about its ions: a part of the manifest."""

from typing import Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy.special import expit

from model_store.area.reading import Array

AreaVerdict = Literal["present", "absent", "unclear"]
VERDICTS: tuple[AreaVerdict, ...] = get_args(AreaVerdict)

Probability = float


class AreaDecision(BaseModel):
    """How the outputs of area networks become a verdict, and off-sample probabilities.

    `present`: the area networks' probability that an ion is off-sample, given off-sample area. `absent`: that times the
    probability of off-sample area, which is near 0. `unclear`: the probability of the image members.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    slope: float = Field(gt=0)
    intercept: float
    """Calibrated log-odds of off-sample area: slope x mean log-odds of the networks + intercept."""

    absent_up_to: float = Field(ge=0, le=1)
    present_from: float = Field(ge=0, le=1)
    """Probabilities of off-sample area up to and from which the verdict is certain; between them it is unclear."""

    temperature: float = Field(gt=0)
    """Divides the log-odds that an ion is off-sample, given off-sample area."""

    calibration: str
    """What it was calibrated on, and what that means for data of others."""

    @model_validator(mode="after")
    def _require_order(self) -> "AreaDecision":
        if not self.absent_up_to < self.present_from:
            raise ValueError(
                f"absent_up_to is {self.absent_up_to}; expected less than present_from, {self.present_from}"
            )
        return self

    def find_probability(self, area_logits: Array) -> float:
        """The calibrated probability of off-sample area from the networks' log-odds, (M,)."""
        return float(expit(self.slope * np.mean(area_logits, dtype=np.float64) + self.intercept))

    def judge(self, probability: float) -> AreaVerdict:
        """The verdict."""
        if probability <= self.absent_up_to:
            return "absent"
        return "present" if probability >= self.present_from else "unclear"
