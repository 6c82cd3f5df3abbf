"""Folds: which images are held out together, so that nothing of a group is on both sides."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupKFold

from shared.errors import InvalidInputError

FoldOf = npt.NDArray[np.intp]
"""(N,) number of the fold that holds an image out, from 0."""


def assign_folds(groups: Sequence[str], folds: int, what: str = "groups") -> FoldOf:
    """Scikit-learn's GroupKFold: folds of about equal size, each group whole in one of them.

    Parameters
    ----------
    groups
        N names of what must stay together.
    what
        What a group is, in the plural; for the error.

    Raises
    ------
    InvalidInputError
        When there are fewer groups than folds, or fewer than two folds.
    """
    names = sorted(set(groups))
    if not 2 <= folds <= len(names):
        raise InvalidInputError(
            f"{folds} folds of {len(names)} {what} are asked for; right would be 2 folds or more,"
            f" and at most one for each of the {what}"
        )
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
        N tuples, one key a kind: the dataset, or the sample mask and the texture source.

    Raises
    ------
    InvalidInputError
        When one does.
    """
    folds_of: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
    for keys, fold in zip(group_keys, fold_of.tolist(), strict=True):
        for kind, key in enumerate(keys):
            folds_of[kind, key].add(fold)
    for (_, key), found in folds_of.items():
        if len(found) > 1:
            numbers = " and ".join(str(fold + 1) for fold in sorted(found))
            raise InvalidInputError(f"{key!r} lies in folds {numbers}; right would be one fold only")
