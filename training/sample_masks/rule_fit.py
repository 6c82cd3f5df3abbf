"""The weights of the mask rule, fitted on true masks."""

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
from shared.progress import ProgressCallback, follow, ignore_progress
from training.sample_masks.masked_datasets import MaskedDataset, measure_overlap

_TOLERANCE = 0.05
"""Of intersection over union: candidates whose overlap differs by less count as about equally good."""

_PENALTY = 1.0
"""Of squared standardised weights."""

_ABSENT_WEIGHT = 2.5
"""Weight of a falsely reported off-sample area relative to a missed one: the first makes on-sample ions look
off-sample, the second only removes the context."""

Float64 = npt.NDArray[np.float64]


def fit_mask_rule(datasets: Sequence[MaskedDataset], on_progress: ProgressCallback = ignore_progress) -> MaskRule:
    """Rank by a conditional logit over each dataset's candidates, then predict presence by a logistic regression.

    The true masks give the quality of each candidate, and which datasets have an off-sample area; nothing else is used.

    Raises
    ------
    InvalidInputError
        When all datasets have an off-sample area, or none has.
    """
    followed = follow(datasets, "finding candidates", len(datasets), on_progress)
    found = [(dataset, candidates) for dataset in followed if (candidates := _find(dataset)) is not None]
    present = [(dataset, candidates) for dataset, candidates in found if dataset.has_off_sample_area]
    target_weights = [_candidate_weights(dataset, candidates) for dataset, candidates in present]
    if len(present) in {0, len(found)}:
        raise InvalidInputError(
            f"expected datasets with and without off-sample area, got {len(present)} of {len(found)} with it"
        )
    ranking = _fit_ranking([candidates for _, candidates in present], target_weights)
    rule = MaskRule(ranking, dict.fromkeys(PRESENCE, 0.0), 0.0)
    best = [candidates.evidence[int(np.argmax(rule.rank(candidates)))] for _, candidates in found]
    presence, intercept = _fit_presence(best, [dataset.has_off_sample_area for dataset, _ in found])
    return MaskRule(ranking, presence, intercept)


def _find(dataset: MaskedDataset) -> Candidates | None:
    """The candidates of one dataset; None where all pixels are equal."""
    sketch = PixelSketch(dataset.acquisition_mask)
    sketch.add(dataset.inputs[..., 0])
    components = sketch.components(COMPONENTS)
    cluster_of = cluster_pixels(components)
    if len(cluster_of) == 0 or cluster_of.max() == 0:
        return None
    return find_candidates(components, cluster_of, dataset.acquisition_mask)


def _candidate_weights(dataset: MaskedDataset, candidates: Candidates) -> Float64:
    """(C,) weights that sum to 1."""
    overlaps = []
    for split in candidates.splits:
        mask = np.zeros_like(dataset.acquisition_mask)
        mask[dataset.acquisition_mask] = split
        overlaps.append(measure_overlap(mask, dataset))
    odds = np.exp((np.array(overlaps) - max(overlaps)) / _TOLERANCE)
    return np.asarray(odds / odds.sum())


def _fit_ranking(candidates: Sequence[Candidates], target_weights: Sequence[Float64]) -> dict[str, float]:
    tables = [_tabulate(one.evidence, RANKING) for one in candidates]
    deviation = np.concatenate(tables).std(axis=0)
    scaled = [table / deviation for table in tables]

    def loss_and_gradient(weights: Float64) -> tuple[float, Float64]:
        loss, slope = _PENALTY * float(weights @ weights), 2 * _PENALTY * weights
        for table, target in zip(scaled, target_weights, strict=True):
            scores = table @ weights
            log_odds = scores - np.logaddexp.reduce(scores)
            loss -= float(target @ log_odds)
            slope = slope - table.T @ (target - np.exp(log_odds))
        return loss, slope

    fitted = minimize(loss_and_gradient, np.zeros(len(RANKING)), jac=True, method="L-BFGS-B")
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
