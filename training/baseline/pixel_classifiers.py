"""The pixel classifiers of the 2018 report, from scikit-learn."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shared.errors import InvalidInputError
from training.baseline.pixel_spectra import PixelSpectra

PIXELS_PER_CLASS = 200
"""The most pixels of each predicted class that one dataset contributes, so that no dataset outweighs another."""

Bools = npt.NDArray[np.bool_]

CLASSIFIERS: dict[str, Callable[[int], Any]] = {
    "logistic regression": lambda seed: make_pipeline(StandardScaler(), LogisticRegression(random_state=seed)),
    "naive Bayes": lambda _: GaussianNB(),
    "random forest": lambda seed: RandomForestClassifier(100, min_samples_leaf=5, n_jobs=-1, random_state=seed),
    "fully connected network": lambda seed: make_pipeline(
        StandardScaler(),
        MLPClassifier((64, 32), early_stopping=True, n_iter_no_change=5, max_iter=100, random_state=seed),
    ),
}
"""Each makes an unfitted classifier from a seed."""


def fit_classifier(name: str, spectra: Sequence[PixelSpectra], sample: Sequence[Bools], seed: int) -> Any:
    """Fit on pixels of several datasets.

    Parameters
    ----------
    spectra
        One (P, 32) array per dataset.
    sample
        One (P,) array per dataset: the predicted mask.

    Raises
    ------
    InvalidInputError
        When the predicted masks hold one class only.
    """
    rng = np.random.default_rng(seed)
    rows = [_pick_pixels(classes, rng) for classes in sample]
    pixels = np.concatenate([found[row] for found, row in zip(spectra, rows, strict=True)])
    classes = np.concatenate([found[row] for found, row in zip(sample, rows, strict=True)])
    if classes.all() or not classes.any():
        raise InvalidInputError(
            f"expected pixels of both classes in the predicted masks of {len(spectra)} datasets, got one class;"
            " add datasets with off-sample area"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a baseline need not converge
        return CLASSIFIERS[name](seed).fit(pixels, classes)


def _pick_pixels(sample: Bools, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    picked = [rng.permutation(np.flatnonzero(sample == one))[:PIXELS_PER_CLASS] for one in (False, True)]
    return np.concatenate(picked)
