"""The weights of the mask rule, fitted on known masks."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from model_store.context.mask_evidence import Candidates, Evidence, find_candidates
from model_store.context.mask_rule import PRESENCE, RANKING, MaskRule
from model_store.context.pixel_clusters import cluster_pixels
from model_store.context.pixel_sketch import PixelSketch
from model_store.context.sample_mask import COMPONENTS
from shared.errors import InvalidInputError
from training.sample_masks.known_masks import KnownMask, measure_overlap

_TOLERANCE = 0.05
"""Of intersection over union: candidates whose overlap differs by less count as about equally right."""

_PENALTY = 1.0
"""Of squared standardised weights."""

_ABSENT_WEIGHT = 2.5
"""By how much more an off-sample area that is not there weighs than one that is missed: the first makes ions of the
sample look off-sample, the second leaves each image to be judged on its own."""

Float64 = npt.NDArray[np.float64]


def fit_mask_rule(known_masks: Sequence[KnownMask]) -> MaskRule:
    """Rank by a conditional logit over each dataset's candidates, then judge presence by a logistic regression.

    The true masks say how right each candidate is, and which datasets have an off-sample area; nothing else does.

    Raises
    ------
    InvalidInputError
        When all datasets have an off-sample area, or none has.
    """
    found = [(known, candidates) for known in known_masks if (candidates := _find(known)) is not None]
    present = [(known, candidates) for known, candidates in found if known.has_off_sample_area]
    rights = [_rightness(known, candidates) for known, candidates in present]
    if len(present) in {0, len(found)}:
        raise InvalidInputError(
            f"{len(present)} of {len(found)} datasets have an off-sample area; expected some with and some without"
        )
    ranking = _fit_ranking([candidates for _, candidates in present], rights)
    rule = MaskRule(ranking, dict.fromkeys(PRESENCE, 0.0), 0.0)
    best = [candidates.evidence[int(np.argmax(rule.rank(candidates)))] for _, candidates in found]
    presence, intercept = _fit_presence(best, [known.has_off_sample_area for known, _ in found])
    return MaskRule(ranking, presence, intercept)


def _find(known: KnownMask) -> Candidates | None:
    """The candidates of one dataset; None where all pixels are alike."""
    sketch = PixelSketch(known.acquisition_mask)
    sketch.add(known.inputs[..., 0])
    components = sketch.components(COMPONENTS)
    cluster_of = cluster_pixels(components)
    if len(cluster_of) == 0 or cluster_of.max() == 0:
        return None
    return find_candidates(components, cluster_of, known.acquisition_mask)


def _rightness(known: KnownMask, candidates: Candidates) -> Float64:
    """(C,) weights that sum to 1."""
    overlaps = []
    for split in candidates.splits:
        mask = np.zeros_like(known.acquisition_mask)
        mask[known.acquisition_mask] = split
        overlaps.append(measure_overlap(mask, known))
    odds = np.exp((np.array(overlaps) - max(overlaps)) / _TOLERANCE)
    return np.asarray(odds / odds.sum())


def _fit_ranking(candidates: Sequence[Candidates], rights: Sequence[Float64]) -> dict[str, float]:
    tables = [_tabulate(one.evidence, RANKING) for one in candidates]
    deviation = np.concatenate(tables).std(axis=0)
    scaled = [table / deviation for table in tables]

    def lose(weights: Float64) -> tuple[float, Float64]:
        loss, slope = _PENALTY * float(weights @ weights), 2 * _PENALTY * weights
        for table, right in zip(scaled, rights, strict=True):
            scores = table @ weights
            log_odds = scores - np.logaddexp.reduce(scores)
            loss -= float(right @ log_odds)
            slope = slope - table.T @ (right - np.exp(log_odds))
        return loss, slope

    fitted = minimize(lose, np.zeros(len(RANKING)), jac=True, method="L-BFGS-B")
    return dict(zip(RANKING, (fitted.x / deviation).tolist(), strict=True))


def _fit_presence(best: Sequence[Evidence], present: Sequence[bool]) -> tuple[dict[str, float], float]:
    scaler = StandardScaler()
    table = scaler.fit_transform(_tabulate(best, PRESENCE))
    model = LogisticRegression(class_weight={0: _ABSENT_WEIGHT, 1: 1.0}).fit(table, np.asarray(present))
    weights = model.coef_[0] / scaler.scale_
    intercept = float(model.intercept_[0] - weights @ scaler.mean_)
    return dict(zip(PRESENCE, weights.tolist(), strict=True)), intercept


def _tabulate(evidence: Sequence[Evidence], names: Sequence[str]) -> Float64:
    return np.array([[getattr(one, name) for name in names] for one in evidence])
