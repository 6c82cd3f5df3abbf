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
    ranking={"off_border": 2.073, "depth": 5.702, "agreement": 5.399, "sharpness": 1.111, "size": 1.233},
    presence={
        "off_border": 1.173,
        "depth": 2.285,
        "sharpness": 3.229,
        "explained": 1.270,
        "ions": 0.455,
        "frame": 4.865,
    },
    presence_intercept=-5.858,
)
"""Fitted by `python -m training fit-mask-rule` on semi-synthetic datasets of the training sources."""


def _weigh(evidence: Evidence, weights: dict[str, float]) -> float:
    return sum(weight * float(getattr(evidence, name)) for name, weight in weights.items())
