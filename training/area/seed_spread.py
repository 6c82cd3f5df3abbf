"""How much the figures of held-out acquisitions depend on the seed: each network of a fold as if it were alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from model_store.predictors.predictor import Predictor
from shared.progress import ProgressCallback, follow, ignore_progress
from training.area.held_out_reading import HeldOutReading, PreparedAcquisition
from training.area.held_out_scores import HeldOutScores, average_by_series, score_held_out


@dataclass(frozen=True)
class FitScores:
    """One network of each fold, calibrated alone, on all ions of each held-out acquisition.

    Attributes
    ----------
    correct
        Share of the labelled ions that are labelled correctly, mean over the series.
    false_off, sample_only
        Number of ions predicted off-sample among those of acquisitions without off-sample area, and of all of those.
    wrong_verdicts, verdicts
        Number of acquisitions with the wrong verdict (present for absent, or the reverse), and of all with known area.
    """

    correct: float
    false_off: int
    sample_only: int
    wrong_verdicts: int
    verdicts: int


def score_fits(
    readings: Sequence[HeldOutReading],
    prepared: Mapping[str, PreparedAcquisition],
    plain: Predictor,
    on_progress: ProgressCallback = ignore_progress,
) -> list[FitScores]:
    """The scores of the first, second, … network of every fold."""
    fits = min(len(one.reading.area_logits) for one in readings)
    numbers = follow(range(fits), "scoring single networks", fits, on_progress)
    return [_summarise(score_held_out([_take(one, number) for one in readings], prepared, plain)) for number in numbers]


def describe_fits(fits: Sequence[FitScores]) -> str:
    """One sentence, Markdown; empty for fewer than two."""
    if len(fits) < 2:
        return ""
    correct = [one.correct for one in fits]
    false_off = ", ".join(str(one.false_off) for one in fits)
    wrong = ", ".join(str(one.wrong_verdicts) for one in fits)
    return (
        f"Single networks, of {len(fits)} seeds, each calibrated alone, all ions: {np.mean(correct):.1%} correct"
        f" (standard deviation {100 * np.std(correct, ddof=1):.1f} points); where only sample was measured they call"
        f" {false_off} of {fits[0].sample_only} ions off-sample; of {fits[0].verdicts} verdicts {wrong} are wrong."
    )


def _take(one: HeldOutReading, number: int) -> HeldOutReading:
    chosen = slice(number, number + 1)
    reading = one.reading
    alone = replace(
        reading,
        area_logits=reading.area_logits[chosen],
        context_logits=reading.context_logits[chosen],
        off_logits=reading.off_logits[:, chosen],
    )
    return replace(one, reading=alone)


def _summarise(scores: Sequence[HeldOutScores]) -> FitScores:
    whole = [one for one in scores if one.ions is None]
    absent = [one for one in whole if one.truth == "absent"]
    present = [one for one in whole if one.truth == "present"]
    return FitScores(
        correct=float(average_by_series(whole, "correct").mean()),
        false_off=sum(one.false_off for one in absent),
        sample_only=sum(one.on for one in absent),
        wrong_verdicts=sum(one.verdicts[0] for one in absent) + sum(one.verdicts[1] for one in present),
        verdicts=len(absent) + len(present),
    )
