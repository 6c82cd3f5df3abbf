"""Labelled data to fit on: which datasets train, and which are watched."""

import numpy as np

from shared.errors import InvalidInputError
from training.fit.settings import FitData
from training.labelled.labelled_set import LabelledSet

_WATCHED_SHARE = 0.1
"""Of the images, at most, in whole datasets; they are watched and select nothing."""

_ORDER_SEED = 20261101
"""Fixed, so that the same data are always split in the same way."""


def split_validation(labelled_set: LabelledSet) -> tuple[LabelledSet, LabelledSet]:
    """Training part and watched part, which share no dataset.

    Datasets are taken in a random order that does not change, each of which fits into a tenth of the images; when none
    does, the smallest one is watched. What is left to fit on keeps both classes, where there are both.

    Raises
    ------
    InvalidInputError
        When there is one dataset only, or no dataset can be spared without losing a class.
    """
    names = labelled_set.dataset_names
    if len(names) < 2:
        raise InvalidInputError(
            f"expected two or more datasets, for what is watched is never fitted on, got one: {labelled_set.name}"
        )
    watched = np.isin(labelled_set.datasets, _choose_watched(labelled_set, names))
    return labelled_set.take(np.flatnonzero(~watched)), labelled_set.take(np.flatnonzero(watched))


def describe_fit_data(labelled_set: LabelledSet, training: LabelledSet, watched: LabelledSet) -> FitData:
    """What a run folder remembers of its data."""
    return FitData(
        name=labelled_set.name,
        digest=labelled_set.digest(),
        datasets=len(labelled_set.dataset_names),
        fitted=tuple(training.dataset_names),
        watched=tuple(watched.dataset_names),
    )


def _choose_watched(labelled_set: LabelledSet, names: list[str]) -> list[str]:
    every = np.asarray(labelled_set.datasets)
    size_of = {name: int((every == name).sum()) for name in names}
    most = _WATCHED_SHARE * len(labelled_set)
    chosen: list[str] = []
    for name in np.random.default_rng(_ORDER_SEED).permutation(names).tolist():
        images = sum(size_of[one] for one in (*chosen, name))
        if images <= most and _keeps_classes(labelled_set, [*chosen, name]):
            chosen.append(name)
    if chosen:
        return chosen
    for name in sorted(names, key=lambda one: (size_of[one], one)):
        if _keeps_classes(labelled_set, [name]):
            return [name]
    raise InvalidInputError(
        f"expected labels of both classes in two or more datasets of {labelled_set.name}, got each class in one only"
    )


def _keeps_classes(labelled_set: LabelledSet, watched: list[str]) -> bool:
    """Whether as many classes are left to fit on as there are in all."""
    left = labelled_set.off[~np.isin(labelled_set.datasets, watched)]
    return len(left) > 0 and len(np.unique(left)) == len(np.unique(labelled_set.off))
