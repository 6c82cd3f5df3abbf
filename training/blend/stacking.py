"""Stacking: weights of the blend's members, fitted on images that the networks did not see."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from model_store.blend import MEMBERS, Blend, MemberWeight, NetworkProbabilities, tabulate_members
from model_store.blend_features import has_context, measure_features
from shared.errors import InvalidInputError
from shared.preprocessing import NetworkInputs
from training.cross_validation.folds import FoldOf
from training.cross_validation.metrics import Off, Scores
from training.decision import THRESHOLD, choose_band

_INVERSE_PENALTY = 0.1
"""C of the logistic regression: strong, for most members say nearly the same."""

_LEAST_DEVIATION = 1e-6


@dataclass(frozen=True)
class Stacking:
    """A blend, and what it is worth."""

    blend: Blend
    """Fitted on all folds."""

    held_out: Scores
    """(N,), what blends say that were fitted without the image's fold, so that no label helps to judge itself."""


def stack(off: Off, said: NetworkProbabilities, inputs: NetworkInputs, fold_of: FoldOf, described_as: str) -> Stacking:
    """Fit on held-out images, fold by fold and on all of them; images without context are left out.

    Parameters
    ----------
    said
        (N, 2), what both kinds of networks say that saw nothing of the image's dataset.
    inputs
        (N, 56, 56, 4).
    described_as
        The images, in words.

    Raises
    ------
    InvalidInputError
        When the images with context of all folds but one are of one class.
    """
    held_out = np.empty(len(off))
    for fold in np.unique(fold_of):
        rows = fold_of == fold
        others = _fit(off[~rows], said[~rows], inputs[~rows], f"all folds but {fold + 1}")
        held_out[rows] = others.apply(said[rows], inputs[rows])
    blend = _fit(off, said, inputs, described_as)
    return Stacking(blend.model_copy(update={"uncertain_band": choose_band(off, held_out)}), held_out)


def _fit(off: Off, said: NetworkProbabilities, inputs: NetworkInputs, described_as: str) -> Blend:
    known = has_context(inputs)
    if not off[known].any() or off[known].all():
        raise InvalidInputError("the images to blend on are of one class; right would be some on and some off")
    columns = tabulate_members(said[known], measure_features(inputs[known]))
    mean, deviation = columns.mean(axis=0), columns.std(axis=0)
    scale = np.where(deviation > _LEAST_DEVIATION, deviation, 1.0)
    model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=1_000).fit((columns - mean) / scale, off[known])
    weights = zip(MEMBERS, mean.tolist(), scale.tolist(), model.coef_[0].tolist(), strict=True)
    return Blend(
        members=tuple(
            MemberWeight(name=name, mean=centre, scale=size, weight=weight) for name, centre, size, weight in weights
        ),
        intercept=float(model.intercept_[0]),
        uncertain_band=(THRESHOLD, THRESHOLD),
        fitted_on=described_as,
    )
