"""Stacking: weights of the blend's terms, fitted on images that the networks did not see."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from model_store.context.blend import TERMS, Blend, NetworkProbabilities, Term, tabulate_terms
from model_store.context.blend_features import has_context, measure_features
from shared.errors import InvalidInputError
from shared.preprocessing import NetworkInputs
from training.cross_validation.folds import FoldOf
from training.metrics.scores import Off, Scores
from training.release.decision import choose_band

_INVERSE_PENALTY = 0.1
"""C of the logistic regression: strong, for most terms say nearly the same."""

_LEAST_DEVIATION = 1e-6


@dataclass(frozen=True)
class Stacking:
    """A blend, and what it is worth."""

    blend: Blend
    """Fitted on all folds."""

    held_out: Scores
    """(N,), what blends say that were fitted without the image's fold; without context, the network that needs none.

    An image's label has no part in the weights that judge it. The networks behind the other folds' images saw it, as in
    any stacking of one level.
    """


def stack(off: Off, said: NetworkProbabilities, inputs: NetworkInputs, fold_of: FoldOf, described_as: str) -> Stacking:
    """Fit on held-out images, fold by fold and on all of them; images without context are left out.

    Parameters
    ----------
    said
        (N, 2), what both networks say that saw nothing of the image's dataset.
    inputs
        (N, 56, 56, 4).
    described_as
        The images, in words.

    Raises
    ------
    InvalidInputError
        When the images with context of all folds but one are of one class.
    """
    known = has_context(inputs)
    held_out = said[:, 0].astype(np.float64)
    for fold in np.unique(fold_of):
        rows, learnt = known & (fold_of == fold), known & (fold_of != fold)
        others = _fit(off[learnt], said[learnt], inputs[learnt], f"all folds but {fold + 1}")
        held_out[rows] = others.apply(said[rows], inputs[rows])
    blend = _fit(off[known], said[known], inputs[known], described_as)
    band = choose_band(off[known], held_out[known])
    return Stacking(blend.model_copy(update={"uncertain_band": band}), held_out)


def _fit(off: Off, said: NetworkProbabilities, inputs: NetworkInputs, described_as: str) -> Blend:
    if not off.any() or off.all():
        raise InvalidInputError("the images to blend on are of one class; expected some on and some off")
    columns = tabulate_terms(said, measure_features(inputs))
    mean, deviation = columns.mean(axis=0), columns.std(axis=0)
    scale = np.where(deviation > _LEAST_DEVIATION, deviation, 1.0)
    model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=1_000).fit((columns - mean) / scale, off)
    weights = zip(TERMS, mean.tolist(), scale.tolist(), model.coef_[0].tolist(), strict=True)
    return Blend(
        terms=tuple(Term(name=name, mean=centre, scale=size, weight=weight) for name, centre, size, weight in weights),
        intercept=float(model.intercept_[0]),
        uncertain_band=None,
        fitted_on=described_as,
    )
