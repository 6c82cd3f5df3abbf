"""The gate to the default: no release replaces a default release that is better on the real sets.

The two are compared set by set: the accuracy of the new release minus that of the default, averaged over the
acquisitions of the set, which have equal weight regardless of their number of images. A release is worse on a set when
that mean is below -0.05. All real sets count except the diagnostic one, whose images were chosen because networks fail
on them, and the sure part of the development set, which is a part of another set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model_store.release import has_default, open_release
from shared.errors import InvalidInputError, ReleaseError
from shared.progress import ProgressCallback, ignore_progress
from training.metrics.border_centre import RULE_NAME
from training.metrics.real_set_scores import RealSetScores
from training.real_sets import REAL_SET_NAMES, RealSet
from training.release.release_scores import evaluate_release

MARGIN = 0.05
"""Tolerated loss of accuracy, averaged over acquisitions: a difference this small may be chance."""

NOT_COUNTED = frozenset({"gold_standard_top_losses", "metaspace_predicted_sure"})

_ROUNDING = 1e-9
"""Tolerance for rounding, so that a difference of exactly the margin passes."""


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
    on_progress: ProgressCallback = ignore_progress,
) -> tuple[str, ...]:
    """Compare a release with the default of `root`; without one the result is empty.

    Parameters
    ----------
    rows
        Scores of the release on the real sets.
    although_worse_on
        Names of sets on which it may be worse.

    Returns
    -------
    The named sets on which it is worse.

    Raises
    ------
    InvalidInputError
        When a name is not that of a real set.
    ReleaseError
        When it is worse on a set that is not named, or the default release cannot be opened.
    """
    unknown = sorted(set(although_worse_on) - set(REAL_SET_NAMES))
    if unknown:
        raise InvalidInputError(f"expected one of the real sets {', '.join(REAL_SET_NAMES)}, got {unknown[0]!r}")
    if not has_default(root):
        return ()
    default = open_release(root=root)
    worse_sets = find_worse_sets(rows, evaluate_release(default, real_sets, on_progress))
    refused = [worse for worse in worse_sets if worse.new.data_set not in although_worse_on]
    if refused:
        found = "; ".join(map(_describe, refused))
        options = " ".join(f"--although-worse-on {worse.new.data_set}" for worse in refused)
        raise ReleaseError(
            f"release {version} is worse than the default release {default.version} on {found}, and was"
            f" not published; expected a loss of accuracy of at most {MARGIN:g} on every set. To publish it"
            f" nevertheless: {options}, or without --default"
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
    """Mean over acquisitions of the difference of shares; where these are unknown, over all images."""
    if not new.acquisitions:
        return new.accuracy - default.accuracy
    pairs = zip(new.acquisitions, default.acquisitions, strict=True)
    return sum((one.correct - other.correct) / one.images for one, other in pairs) / len(new.acquisitions)


def _describe(worse: WorseSet) -> str:
    return (
        f"{worse.new.data_set} ({worse.new.correct} of {worse.new.images} correct against {worse.default.correct}; mean"
        f" over acquisitions {worse.difference:+.3f})"
    )
