"""The mask rule: the weights of the evidence."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_store.context.mask_evidence import Candidates, Evidence

RANKING = ("off_border", "depth", "agreement", "sharpness", "size")
"""Evidence that ranks the candidates."""

PRESENCE = ("off_border", "depth", "sharpness", "explained", "ions", "frame")
"""Evidence for whether the best candidate has an off-sample area at all."""


@dataclass(frozen=True)
class MaskRule:
    """The weights."""

    ranking: dict[str, float]
    """Log-odds between candidates per unit of evidence."""

    presence: dict[str, float]
    """Log-odds of an off-sample area per unit of evidence."""

    presence_intercept: float

    def rank(self, candidates: Candidates) -> npt.NDArray[np.float64]:
        """(C,) probability of each candidate among all, given that one is correct."""
        scores = np.array([_weigh(one, self.ranking) for one in candidates.evidence])
        odds = np.exp(scores - scores.max())
        return np.asarray(odds / odds.sum())

    def estimate_presence(self, evidence: Evidence) -> float:
        """Probability that the best candidate's off-sample area is one."""
        return float(1 / (1 + np.exp(-_weigh(evidence, self.presence) - self.presence_intercept)))


MASK_RULE = MaskRule(
    ranking={"off_border": 1.432, "depth": 6.653, "agreement": 4.669, "sharpness": 0.763, "size": 0.856},
    presence={
        "off_border": 1.061,
        "depth": 3.686,
        "sharpness": 2.870,
        "explained": 2.609,
        "ions": 0.352,
        "frame": 4.202,
    },
    presence_intercept=-3.734,
)
"""Fitted by `python -m training fit-mask-rule` on semi-synthetic datasets of the training sources."""


def _weigh(evidence: Evidence, weights: dict[str, float]) -> float:
    return sum(weight * float(getattr(evidence, name)) for name, weight in weights.items())
