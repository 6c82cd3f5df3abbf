"""Labelled data to fit on: the datasets that are fitted on, and those that are held out by name."""

from collections.abc import Sequence

import numpy as np

from shared.errors import InvalidInputError
from training.fit.settings import FitData
from training.labelled.labelled_set import LabelledSet


def hold_out(labelled_set: LabelledSet, names: Sequence[str]) -> tuple[LabelledSet, LabelledSet]:
    """The part to fit on, and that of the named datasets; without names everything is fitted on.

    Raises
    ------
    InvalidInputError
        When a name is not that of a dataset, or nothing would be left to fit on.
    """
    known = labelled_set.dataset_names
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise InvalidInputError(f"expected datasets of {labelled_set.name} ({', '.join(known)}), got {unknown[0]!r}")
    held_out = np.isin(labelled_set.datasets, list(names))
    if held_out.all():
        raise InvalidInputError(f"expected a dataset to fit on, but all {len(known)} are held out")
    return labelled_set.take(np.flatnonzero(~held_out)), labelled_set.take(np.flatnonzero(held_out))


def require_both_classes(training: LabelledSet) -> None:
    """Check that labels alone can be fitted on.

    Raises
    ------
    InvalidInputError
        When they are all on or all off.
    """
    off, images = int(training.off.sum()), len(training)
    if off in {0, images}:
        raise InvalidInputError(
            f"expected labels of both classes, got {images - off} on and {off} off; label images of the other class, or"
            " add --with-synthetic, which mixes semi-synthetic images of both classes with yours"
        )


def describe_fit_data(labelled_set: LabelledSet, training: LabelledSet, held_out: LabelledSet) -> FitData:
    """The record of its data in a run folder."""
    return FitData(
        name=labelled_set.name,
        digest=labelled_set.digest(),
        datasets=len(labelled_set.dataset_names),
        fitted=tuple(training.dataset_names),
        watched=tuple(held_out.dataset_names),
        images=len(training),
    )
