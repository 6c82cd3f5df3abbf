"""Labelled data to fit on: which datasets train, and which are watched."""

import numpy as np

from shared.errors import InvalidInputError
from training.cross_validation.folds import assign_folds
from training.fit_settings import FitData
from training.labelled.labelled_set import LabelledSet

_WATCHED_ONE_IN = 10
"""About a tenth of the images, in whole datasets, is watched and selects nothing."""


def split_off_watched(labelled_set: LabelledSet) -> tuple[LabelledSet, LabelledSet]:
    """Training part and watched part, which share no dataset.

    Raises
    ------
    InvalidInputError
        When there is one dataset only.
    """
    datasets = len(labelled_set.dataset_names)
    if datasets < 2:
        raise InvalidInputError(
            f"{labelled_set.name} is one dataset; right would be two or more: what is watched is never what is fitted"
        )
    fold_of = assign_folds(labelled_set.datasets, min(_WATCHED_ONE_IN, datasets), "datasets")
    watched = fold_of == 0
    return labelled_set.take(np.flatnonzero(~watched)), labelled_set.take(np.flatnonzero(watched))


def describe_fit_data(labelled_set: LabelledSet) -> FitData:
    """What a run folder remembers of its data."""
    return FitData(name=labelled_set.name, digest=labelled_set.digest(), datasets=len(labelled_set.dataset_names))
