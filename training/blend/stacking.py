"""Stacking: weights of the blend's members, fitted on images that the networks did not see."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from model_store.blend import MEMBERS, Blend, MemberWeight, tabulate_members
from model_store.blend_features import has_context, measure_features
from shared.errors import InvalidInputError
from shared.preprocessing import NetworkInputs
from training.cross_validation.folds import FoldOf
from training.cross_validation.metrics import Off, Scores

_INVERSE_PENALTY = 0.1
"""C of the logistic regression: strong, for most members say nearly the same."""

_LEAST_DEVIATION = 1e-6


def fit_blend(off: Off, probability: Scores, inputs: NetworkInputs, fitted_on: str) -> Blend:
    """Fit on held-out images; those without context are left out.

    Parameters
    ----------
    probability
        (N,), what networks say that saw nothing of the image's dataset.
    inputs
        (N, 56, 56, 4).

    Raises
    ------
    InvalidInputError
        When the images with context are of one class.
    """
    known = has_context(inputs)
    if not off[known].any() or off[known].all():
        raise InvalidInputError("the images to blend on are of one class; right would be some on and some off")
    columns = tabulate_members(probability[known], measure_features(inputs[known]))
    mean, deviation = columns.mean(axis=0), columns.std(axis=0)
    scale = np.where(deviation > _LEAST_DEVIATION, deviation, 1.0)
    model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=1_000).fit((columns - mean) / scale, off[known])
    weights = zip(MEMBERS, mean.tolist(), scale.tolist(), model.coef_[0].tolist(), strict=True)
    return Blend(
        members=tuple(
            MemberWeight(name=name, mean=centre, scale=size, weight=weight) for name, centre, size, weight in weights
        ),
        intercept=float(model.intercept_[0]),
        fitted_on=fitted_on,
    )


def blend_across_folds(off: Off, probability: Scores, inputs: NetworkInputs, fold_of: FoldOf) -> Scores:
    """Blend each fold with weights of the other folds, so that no label helps to judge itself; (N,)."""
    blended = np.empty(len(off))
    for fold in np.unique(fold_of):
        held_out = fold_of == fold
        others = fit_blend(off[~held_out], probability[~held_out], inputs[~held_out], f"all folds but {fold + 1}")
        blended[held_out] = others.apply(probability[held_out].astype(np.float32), inputs[held_out])
    return blended
