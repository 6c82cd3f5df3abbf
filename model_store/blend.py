"""The blend: what the network says of an image, weighed with what the context's other members say of it."""

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy.special import expit, logit

from model_store.blend_features import FEATURES, Features, has_context, measure_features
from shared.preprocessing import NetworkInputs

NETWORK = "network"
MEMBERS = (NETWORK, *FEATURES)
"""What is weighed: the logit of the networks' mean probability, then the features."""

_CLOSEST = 1e-6
"""Probabilities are kept this far from 0 and 1, where the logit is infinite."""

Probabilities = npt.NDArray[np.float32]


class MemberWeight(BaseModel):
    """One member: its value is centred, scaled and weighed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    mean: float
    scale: float = Field(gt=0)
    weight: float
    """Log-odds per `scale`."""


class Blend(BaseModel):
    """`blend.json` of a release: a logistic regression."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    members: tuple[MemberWeight, ...]
    intercept: float
    fitted_on: str
    """Which held-out images, in words."""

    @model_validator(mode="after")
    def _require_members(self) -> "Blend":
        names = tuple(member.name for member in self.members)
        if names != MEMBERS:
            raise ValueError(f"members are {names}; right would be {MEMBERS}, in this order")
        return self

    def apply(self, probability: Probabilities, inputs: NetworkInputs) -> Probabilities:
        """The blended off-sample probability, (N,), of (N, 56, 56, 4); the network's own where there is no context."""
        columns = tabulate_members(probability, measure_features(inputs))
        means, scales, weights = (
            np.array([getattr(member, name) for member in self.members]) for name in ("mean", "scale", "weight")
        )
        blended = expit((columns - means) / scales @ weights + self.intercept).astype(np.float32)
        return np.where(has_context(inputs), blended, probability)


def tabulate_members(probability: npt.NDArray[np.floating], features: Features) -> Features:
    """What is weighed, (N, 1 + F), in the order of `MEMBERS`."""
    network = logit(np.clip(probability.astype(np.float64), _CLOSEST, 1 - _CLOSEST))
    return np.column_stack([network, features])
