"""Judgement of a contest: spread over seeds, single members against ensembles, and one preset against the other."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from training.benchmark.frozen_set import FrozenSet
from training.fit.recipe import PresetName
from training.metrics.border_centre import OFF_ABOVE_RATIO, score_border_centre
from training.metrics.resampling import Resampling, interval_95
from training.metrics.scores import Off

THRESHOLD = 0.5

Called = npt.NDArray[np.bool_]
"""(fits, N), True = called off."""


@dataclass(frozen=True)
class F1MeanStd:
    """F1 of several fits on the same images."""

    mean: float
    std: float
    """Sample standard deviation (n - 1)."""

    lowest: float
    highest: float
    fits: int
    interval_95: tuple[float, float]
    """Of the mean, over which sample masks and which textures happened to be drawn."""


@dataclass(frozen=True)
class Candidate:
    """One preset, or the rule."""

    name: str
    ensemble: F1MeanStd
    single: F1MeanStd | None
    """Its members one by one; None for the rule."""

    accuracy: float
    auc: float
    by_pattern: tuple["PatternScore", ...]


@dataclass(frozen=True)
class PatternScore:
    """The images of one pattern, averaged over fits."""

    pattern: str
    images: int
    off: int
    accuracy: float
    f1: float | None
    """None where no image is off."""


@dataclass(frozen=True)
class Difference:
    """Mean F1 of one candidate minus that of another, on the same images."""

    of: str
    minus: str
    f1: float
    interval_95: tuple[float, float]


@dataclass(frozen=True)
class Judgement:
    """What a contest found."""

    candidates: tuple[Candidate, ...]
    differences: tuple[Difference, ...]


def evaluate_seeds(frozen: FrozenSet, probabilities: dict[PresetName, npt.NDArray[np.float32]]) -> Judgement:
    """Judge (seeds, members, N) off-sample probabilities of each preset."""
    off, resampled = frozen.labelled_set.off, Resampling(frozen.groups)
    ratios = score_border_centre(frozen.labelled_set.inputs)
    rule_called = (ratios > OFF_ABOVE_RATIO)[np.newaxis]
    patterns = np.asarray(frozen.labelled_set.aspects["pattern"])
    ensembles = {preset: found.mean(axis=1) for preset, found in probabilities.items()}
    called = {str(preset): found >= THRESHOLD for preset, found in ensembles.items()}
    singles = {preset: found.reshape(-1, found.shape[-1]) >= THRESHOLD for preset, found in probabilities.items()}
    candidates = [
        Candidate(
            name=str(preset),
            ensemble=_spread(off, called[str(preset)], resampled),
            single=_spread(off, singles[preset], resampled),
            accuracy=float((called[str(preset)] == off).mean()),
            auc=float(np.mean([roc_auc_score(off, one) for one in ensembles[preset]])),
            by_pattern=_by_pattern(off, called[str(preset)], patterns),
        )
        for preset in probabilities
    ]
    rule = Candidate(
        name="border/centre rule",
        ensemble=_spread(off, rule_called, resampled),
        single=None,
        accuracy=float((rule_called == off).mean()),
        auc=float(roc_auc_score(off, ratios)),
        by_pattern=_by_pattern(off, rule_called, patterns),
    )
    return Judgement((*candidates, rule), tuple(_differences(off, called, singles, rule_called, resampled)))


def f1_of(off: Off, called: Called) -> npt.NDArray[np.float64]:
    """(fits,) F1; 0 where nothing is off and nothing called so."""
    truly = (called & off).sum(axis=1)
    return np.asarray(2 * truly / np.maximum(called.sum(axis=1) + off.sum(), 1))


def _mean_f1(off: Off, called: Called, resampled: Resampling) -> npt.NDArray[np.float64]:
    """(resamples,) mean F1 over fits."""
    truly, both = resampled.sums(called & off), resampled.sums(called) + resampled.sums(off[np.newaxis])
    return np.asarray((2 * truly / np.maximum(both, 1)).mean(axis=1))


def _spread(off: Off, called: Called, resampled: Resampling) -> F1MeanStd:
    f1 = f1_of(off, called)
    return F1MeanStd(
        mean=float(f1.mean()),
        std=float(f1.std(ddof=1)) if len(f1) > 1 else 0.0,
        lowest=float(f1.min()),
        highest=float(f1.max()),
        fits=len(f1),
        interval_95=interval_95(_mean_f1(off, called, resampled)),
    )


def _differences(
    off: Off,
    called: dict[str, Called],
    singles: dict[PresetName, Called],
    rule_called: Called,
    resampled: Resampling,
) -> list[Difference]:
    default, report = str(PresetName.DEFAULT), str(PresetName.REPORT_2018)
    pairs = [
        (default, called[default], report, called[report]),
        (default, called[default], "border/centre rule", rule_called),
        (f"{report}, ensemble", called[report], f"{report}, single member", singles[PresetName.REPORT_2018]),
        (f"{default}, ensemble", called[default], f"{default}, single member", singles[PresetName.DEFAULT]),
    ]
    return [
        Difference(
            of=first_name,
            minus=second_name,
            f1=float(f1_of(off, first).mean() - f1_of(off, second).mean()),
            interval_95=interval_95(_mean_f1(off, first, resampled) - _mean_f1(off, second, resampled)),
        )
        for first_name, first, second_name, second in pairs
    ]


def _by_pattern(off: Off, called: Called, patterns: npt.NDArray[np.str_]) -> tuple[PatternScore, ...]:
    scores = []
    for name in sorted(set(patterns.tolist())):
        inside = patterns == name
        own, own_called = off[inside], called[:, inside]
        f1 = float(f1_of(own, own_called).mean()) if own.any() else None
        scores.append(PatternScore(name, len(own), int(own.sum()), float((own_called == own).mean()), f1))
    return tuple(scores)
