"""The blend: a weighted combination of the probabilities of image members and context members, and features."""

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy.special import expit, logit

from model_store.context.blend_features import FEATURES, Features, measure_features
from shared.preprocessing import NetworkInputs

NETWORKS = ("network", "context_network")
"""The mean of the image members, and that of the context members."""

TERMS = (*NETWORKS, *FEATURES)
"""Terms of the regression: the logits of both means, then the features."""

_CLOSEST = 1e-6
"""Probabilities are kept this far from 0 and 1, where the logit is infinite."""

Probabilities = npt.NDArray[np.float32]

NetworkProbabilities = npt.NDArray[np.floating]
"""(N, 2), off-sample probabilities in the order of `NETWORKS`."""


class Term(BaseModel):
    """One term: its value is centred, scaled and weighted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    mean: float
    scale: float = Field(gt=0)
    weight: float
    """Log-odds per `scale`."""


class Blend(BaseModel):
    """`blend.json` of a release: a logistic regression."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    terms: tuple[Term, ...]
    intercept: float
    uncertain_band: tuple[float, float] | None
    """Around the threshold; outside it at least nine in ten held-out labels are correct. None = no such band."""

    fitted_on: str
    """Description of the held-out images."""

    @model_validator(mode="after")
    def _require_terms(self) -> "Blend":
        names = tuple(term.name for term in self.terms)
        if names != TERMS:
            raise ValueError(f"terms are {names}; expected {TERMS}, in this order")
        return self

    def apply(self, probabilities: NetworkProbabilities, inputs: NetworkInputs) -> Probabilities:
        """The blended off-sample probability, (N,), of (N, 56, 56, 4) images in context."""
        columns = tabulate_terms(probabilities, measure_features(inputs))
        means, scales, weights = (
            np.array([getattr(term, name) for term in self.terms]) for name in ("mean", "scale", "weight")
        )
        blended: Probabilities = expit((columns - means) / scales @ weights + self.intercept).astype(np.float32)
        return blended


def tabulate_terms(probabilities: NetworkProbabilities, features: Features) -> Features:
    """The values of the terms, (N, 2 + F), in the order of `TERMS`."""
    networks = logit(np.clip(probabilities.astype(np.float64), _CLOSEST, 1 - _CLOSEST))
    return np.column_stack([networks, features])
