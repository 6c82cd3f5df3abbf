"""Labelled data to fit on: the split into training and validation datasets."""

import numpy as np

from shared.errors import InvalidInputError
from training.fit.settings import FitData
from training.labelled.labelled_set import LabelledSet

_VALIDATION_SHARE = 0.1
"""Maximum share of the images, in whole datasets; validation is only reported and selects nothing."""

_ORDER_SEED = 20261101
"""Fixed, so that the same data are always split in the same way."""


def split_validation(labelled_set: LabelledSet) -> tuple[LabelledSet, LabelledSet]:
    """Training and validation part, which share no dataset.

    Datasets are added in a fixed random order while they fit into a tenth of the images; when none fits, the smallest
    one is the validation part. The training part keeps both classes, where there are both.

    Raises
    ------
    InvalidInputError
        When there is only one dataset, or each class is in one dataset only.
    """
    names = labelled_set.dataset_names
    if len(names) < 2:
        raise InvalidInputError(
            f"expected two or more datasets, to fit and to validate on, got one: {labelled_set.name}"
        )
    validation = np.isin(labelled_set.datasets, _choose_validation(labelled_set, names))
    return labelled_set.take(np.flatnonzero(~validation)), labelled_set.take(np.flatnonzero(validation))


def describe_fit_data(labelled_set: LabelledSet, training: LabelledSet, validation: LabelledSet) -> FitData:
    """The record of its data in a run folder."""
    return FitData(
        name=labelled_set.name,
        digest=labelled_set.digest(),
        datasets=len(labelled_set.dataset_names),
        fitted=tuple(training.dataset_names),
        watched=tuple(validation.dataset_names),
    )


def _choose_validation(labelled_set: LabelledSet, names: list[str]) -> list[str]:
    every = np.asarray(labelled_set.datasets)
    size_of = {name: int((every == name).sum()) for name in names}
    most = _VALIDATION_SHARE * len(labelled_set)
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
        f"expected labels of both classes in the fitted datasets, but no split of {labelled_set.name} into fitted and"
        " validation datasets leaves both; add labelled datasets"
    )


def _keeps_classes(labelled_set: LabelledSet, validation: list[str]) -> bool:
    """Whether the training part keeps all classes."""
    left = labelled_set.off[~np.isin(labelled_set.datasets, validation)]
    return len(left) > 0 and len(np.unique(left)) == len(np.unique(labelled_set.off))
