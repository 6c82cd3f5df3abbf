"""The verdict on a dataset's off-sample area, and which networks decide about its ions: a part of the manifest."""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy.special import expit

from model_store.area.reading import AreaReading

AreaVerdict = Literal["present", "absent", "unclear"]
VERDICTS: tuple[AreaVerdict, ...] = get_args(AreaVerdict)

FULL_EVIDENCE = 60
"""Ions from which more of them do not make a verdict more certain."""

Logits = npt.NDArray[np.float64]


def measure_evidence(ions: int) -> float:
    """What the context of that many ions is worth, from 0 for one ion to 1; logarithmic."""
    return float(np.log(min(ions, FULL_EVIDENCE)) / np.log(FULL_EVIDENCE))


class AreaDecision(BaseModel):
    """How the outputs of area networks become a verdict, and off-sample probabilities.

    `present`: the area networks' probability that an ion is off-sample, given off-sample area. `absent`: that times the
    probability of off-sample area, which is near 0. `unclear`: the probability of the image members.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    slope: float = Field(gt=0)
    context_slope: float = Field(ge=0)
    intercept: float
    """Calibrated log-odds of off-sample area: slope x mean log-odds of the networks + context_slope x evidence x mean
    log-odds from the context + intercept. `evidence` grows with the ions read: that of a few ions is a guess."""

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

    def find_logits(self, reading: AreaReading) -> Logits:
        """(M,), the calibrated log-odds of off-sample area, of which those of the ensemble are the mean."""
        evidence = measure_evidence(len(reading.off_logits))
        area, context = reading.area_logits.astype(np.float64), reading.context_logits.astype(np.float64)
        return self.slope * area + self.context_slope * evidence * context + self.intercept

    def find_probability(self, reading: AreaReading) -> float:
        """The calibrated probability of off-sample area."""
        return float(expit(self.find_logits(reading).mean()))

    def judge(self, probability: float) -> AreaVerdict:
        """The verdict."""
        if probability <= self.absent_up_to:
            return "absent"
        return "present" if probability >= self.present_from else "unclear"
