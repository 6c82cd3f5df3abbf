"""The gate to the default: no release takes the place of a default release that does better on the real sets.

The two are compared set by set, acquisition by acquisition: the share of right images of the new release minus that of
the default, averaged over the acquisitions of the set, so that an acquisition of many images counts no more than one of
few. A release is worse on a set when that mean is below -0.05. All real sets count but the diagnostic one, whose images
were chosen because networks fail on them, and the sure part of the development set, which is in that set already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model_store.release import has_default, open_release
from shared.errors import InvalidInputError, ReleaseError
from training.metrics.real_set_scores import RealSetScores
from training.metrics.release_scores import RULE_NAME, evaluate_release
from training.real_sets import REAL_SET_NAMES, RealSet

MARGIN = 0.05
"""Of the share of right images, averaged over acquisitions: so much worse may be chance."""

NOT_COUNTED = frozenset({"gold_standard_top_losses", "metaspace_predicted_sure"})

_ROUNDING = 1e-9
"""Shares that differ by exactly the margin differ by it in floating point too."""


@dataclass(frozen=True)
class WorseSet:
    """A set on which a release is worse than the default."""

    new: RealSetScores
    default: RealSetScores
    difference: float
    """Mean over acquisitions, below `-MARGIN`."""


def require_not_worse(
    version: str,
    rows: Sequence[RealSetScores],
    real_sets: Sequence[RealSet],
    although_worse_on: Sequence[str],
    root: Path,
) -> tuple[str, ...]:
    """Compare a release with the default of `root`; without one there is nothing to compare with.

    Parameters
    ----------
    rows
        What the release does on the real sets.
    although_worse_on
        Sets on which it may be worse, by name.

    Returns
    -------
    The sets on which it is worse and may be.

    Raises
    ------
    InvalidInputError
        When there is no set of such a name.
    ReleaseError
        When it is worse on a set that is not named, or the default release cannot be opened.
    """
    unknown = sorted(set(although_worse_on) - set(REAL_SET_NAMES))
    if unknown:
        raise InvalidInputError(f"no real set is named {unknown[0]!r}; expected one of: {', '.join(REAL_SET_NAMES)}")
    if not has_default(root):
        return ()
    default = open_release(root=root)
    worse_sets = find_worse_sets(rows, evaluate_release(default, real_sets))
    refused = [worse for worse in worse_sets if worse.new.data_set not in although_worse_on]
    if refused:
        found = "; ".join(map(_describe, refused))
        options = " ".join(f"--although-worse-on {worse.new.data_set}" for worse in refused)
        raise ReleaseError(
            f"release {version} is worse than the default release {default.version} on {found}; expected at most"
            f" {MARGIN:g} below on every set, or {options}, or no --default; nothing was published"
        )
    return tuple(worse.new.data_set for worse in worse_sets)


def find_worse_sets(new: Sequence[RealSetScores], default: Sequence[RealSetScores]) -> list[WorseSet]:
    """Sets on which the first release is worse than the second, in the order of the rows."""
    defaults = {row.data_set: row for row in default if row.predictor != RULE_NAME}
    worse_sets = []
    for row in new:
        if row.predictor == RULE_NAME or row.data_set in NOT_COUNTED:
            continue
        difference = _compare(row, defaults[row.data_set])
        if difference < -MARGIN - _ROUNDING:
            worse_sets.append(WorseSet(row, defaults[row.data_set], difference))
    return worse_sets


def _compare(new: RealSetScores, default: RealSetScores) -> float:
    """Mean over acquisitions of the difference of shares; where these are unknown, all images are one."""
    if not new.acquisitions:
        return new.accuracy - default.accuracy
    pairs = zip(new.acquisitions, default.acquisitions, strict=True)
    return sum((one.correct - other.correct) / one.images for one, other in pairs) / len(new.acquisitions)


def _describe(worse: WorseSet) -> str:
    return (
        f"{worse.new.data_set} ({worse.new.correct} of {worse.new.images} correct against {worse.default.correct}; mean"
        f" over acquisitions {worse.difference:+.3f})"
    )
