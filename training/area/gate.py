"""The gate to the default for area networks: on acquisitions that they did not see they must not lose to plain."""

from collections.abc import Sequence

from shared.errors import ReleaseError
from training.area.held_out_scores import HeldOutScores

WORSE_BY = 1
"""Labelled ions of an acquisition that may be lost to the plain release: one is chance."""


def require_better_held_out(
    version: str, scores: Sequence[HeldOutScores], although_worse_on: Sequence[str]
) -> tuple[str, ...]:
    """Compare a release with its plain one on every held-out acquisition, with all its ions.

    Parameters
    ----------
    although_worse_on
        Acquisitions on which it may be worse.

    Returns
    -------
    The named acquisitions on which it is worse.

    Raises
    ------
    ReleaseError
        When it is worse on one that is not named, or does not predict fewer ions off-sample where there is no
        off-sample area.
    """
    whole = [one for one in scores if one.ions is None]
    worse = [one for one in whole if one.correct < one.plain_correct - WORSE_BY]
    refused = [one for one in worse if one.acquisition not in although_worse_on]
    if refused:
        found = "; ".join(
            f"{one.acquisition} ({one.correct} of {one.labelled} correct against {one.plain_correct})"
            for one in refused
        )
        options = " ".join(f"--although-worse-on {one.acquisition}" for one in refused)
        raise ReleaseError(
            f"release {version} is worse than its plain release on {found}; expected at most {WORSE_BY} fewer correct"
            f" on every held-out acquisition. To publish it nevertheless: {options}, or without --default"
        )
    absent = [one for one in whole if one.truth == "absent"]
    own, plain = sum(one.false_off for one in absent), sum(one.plain_false_off for one in absent)
    if not own < plain:
        raise ReleaseError(
            f"release {version} predicts {own} ions off-sample where no off-sample area was measured, and its plain"
            f" release {plain}; expected fewer"
        )
    return tuple(one.acquisition for one in worse)
