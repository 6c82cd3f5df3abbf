"""The mask rule: how much each piece of evidence weighs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_store.mask_evidence import Candidates, Evidence

RANKING = ("off_border", "depth", "agreement", "sharpness", "size")
"""What the order of candidates is judged by."""

PRESENCE = ("off_border", "depth", "sharpness", "explained", "ions", "frame")
"""What the best candidate's being an off-sample area at all is judged by."""


@dataclass(frozen=True)
class MaskRule:
    """The weights."""

    ranking: dict[str, float]
    """Log-odds between candidates per unit of evidence."""

    presence: dict[str, float]
    """Log-odds of an off-sample area per unit of evidence."""

    presence_intercept: float

    def rank(self, candidates: Candidates) -> npt.NDArray[np.float64]:
        """(C,) probability of each candidate among all, given that one is right."""
        scores = np.array([_weigh(one, self.ranking) for one in candidates.evidence])
        odds = np.exp(scores - scores.max())
        return np.asarray(odds / odds.sum())

    def judge_presence(self, evidence: Evidence) -> float:
        """Probability that the best candidate's off-sample area is one."""
        return float(1 / (1 + np.exp(-_weigh(evidence, self.presence) - self.presence_intercept)))


MASK_RULE = MaskRule(
    ranking={"off_border": 3.158, "depth": 5.924, "agreement": 5.634, "sharpness": 0.540, "size": 1.577},
    presence={
        "off_border": 3.227,
        "depth": 6.992,
        "sharpness": 2.891,
        "explained": 2.646,
        "ions": 0.599,
        "frame": 5.942,
    },
    presence_intercept=-7.536,
)
"""Fitted by `python -m training fit-mask-rule` on semi-synthetic datasets of the training sources."""


def _weigh(evidence: Evidence, weights: dict[str, float]) -> float:
    return sum(weight * float(getattr(evidence, name)) for name, weight in weights.items())
