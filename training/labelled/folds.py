"""Folds: which images are held out together, so that no group is split between training and evaluation."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupKFold

from shared.errors import InvalidInputError

FoldOf = npt.NDArray[np.intp]
"""(N,) number of each image's fold, from 0."""


def choose_folds(requested: int | None, most: int, groups: int, what: str = "groups") -> tuple[int, str]:
    """The number of folds, and a sentence with its reason.

    Parameters
    ----------
    requested
        Number of folds chosen by the user; None = one per group, but `most` at most.
    """
    if requested is not None:
        return requested, f"{requested} folds, as requested"
    if groups < most:
        return max(
            groups, 2
        ), f"{groups} folds, one for each of the {groups} {what} ({most} folds with {most} or more {what})"
    return most, f"{most} folds of {groups} {what}"


def assign_folds(groups: Sequence[str], folds: int, what: str = "groups") -> FoldOf:
    """Scikit-learn's GroupKFold: folds of about equal size, each group in one fold only.

    Parameters
    ----------
    groups
        N names of groups.
    what
        Plural noun for groups, for the error.

    Raises
    ------
    InvalidInputError
        When there are fewer groups than folds, or fewer than two folds.
    """
    names = sorted(set(groups))
    if len(names) < 2:
        raise InvalidInputError(f"expected two or more {what} to hold out in turn, got {len(names)}")
    if not 2 <= folds <= len(names):
        raise InvalidInputError(f"expected 2 to {len(names)} folds for {len(names)} {what}, got {folds}")
    fold_of = np.empty(len(groups), dtype=np.intp)
    for fold, (_, held_out) in enumerate(GroupKFold(folds).split(np.zeros(len(groups)), groups=np.asarray(groups))):
        fold_of[held_out] = fold
    require_whole_groups([(group,) for group in groups], fold_of)
    return fold_of


def require_whole_groups(group_keys: Sequence[tuple[str, ...]], fold_of: FoldOf) -> None:
    """Check that no key of any image occurs in two folds.

    Parameters
    ----------
    group_keys
        N tuples with one key for each kind of group: the dataset, or the sample mask and the texture source.

    Raises
    ------
    InvalidInputError
        When a key does.
    """
    folds_of: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
    for keys, fold in zip(group_keys, fold_of.tolist(), strict=True):
        for kind, key in enumerate(keys):
            folds_of[kind, key].add(fold)
    for (_, key), found in folds_of.items():
        if len(found) > 1:
            numbers = " and ".join(str(fold + 1) for fold in sorted(found))
            raise InvalidInputError(f"expected {key!r} in one fold only, got folds {numbers}")
