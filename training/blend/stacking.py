"""Stacking: the weights of the blend's terms, fitted on images that the networks were not trained on."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from model_store.context.blend import TERMS, Blend, NetworkProbabilities, Term, tabulate_terms
from model_store.context.blend_features import has_context, measure_features
from shared.errors import InvalidInputError
from shared.preprocessing import NetworkInputs
from training.labelled.folds import FoldOf
from training.metrics.scores import Off, Scores
from training.release.decision import choose_band

_INVERSE_PENALTY = 0.1
"""C of the logistic regression; a strong penalty, because most terms are highly correlated."""

_LEAST_DEVIATION = 1e-6


@dataclass(frozen=True)
class Stacking:
    """A blend and its held-out predictions."""

    blend: Blend
    """Fitted on all folds."""

    held_out: Scores
    """(N,), predictions of blends fitted without the image's fold; without context, those of the plain network.

    An image's label does not affect the weights that predict it. The networks behind the other folds' predictions were
    trained on it, as in any single-level stacking.
    """


def stack(
    off: Off, probabilities: NetworkProbabilities, inputs: NetworkInputs, fold_of: FoldOf, described_as: str
) -> Stacking:
    """Fit on held-out images, fold by fold and on all of them; images without context are left out.

    Parameters
    ----------
    probabilities
        (N, 2), predictions of both networks, trained without the image's dataset.
    inputs
        (N, 56, 56, 4).
    described_as
        Describes the images for people.

    Raises
    ------
    InvalidInputError
        When the images with context of all folds but one are of one class.
    """
    with_context = has_context(inputs)
    held_out = probabilities[:, 0].astype(np.float64)
    for fold in np.unique(fold_of):
        rows, fitted_on = with_context & (fold_of == fold), with_context & (fold_of != fold)
        others = _fit(off[fitted_on], probabilities[fitted_on], inputs[fitted_on], f"all folds but {fold + 1}")
        held_out[rows] = others.apply(probabilities[rows], inputs[rows])
    blend = _fit(off[with_context], probabilities[with_context], inputs[with_context], described_as)
    band = choose_band(off[with_context], held_out[with_context])
    return Stacking(blend.model_copy(update={"uncertain_band": band}), held_out)


def _fit(off: Off, probabilities: NetworkProbabilities, inputs: NetworkInputs, described_as: str) -> Blend:
    if not off.any() or off.all():
        raise InvalidInputError("expected on-sample and off-sample images to fit the blend on, got one class")
    columns = tabulate_terms(probabilities, measure_features(inputs))
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
