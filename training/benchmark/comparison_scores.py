"""Scores of a seed comparison: variation over seeds, members against ensembles, one preset against the other."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from training.benchmark.frozen_set import FrozenSet
from training.fit.recipe import PresetName
from training.metrics.border_centre import OFF_ABOVE_RATIO, score_border_centre
from training.metrics.resampling import Resampling, percentile_interval
from training.metrics.scores import Off

THRESHOLD = 0.5

PredictedOff = npt.NDArray[np.bool_]
"""(fits, N), True = predicted off-sample."""


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
    """Interval of the mean, over sample masks and textures."""


@dataclass(frozen=True)
class Candidate:
    """One preset, or the rule."""

    name: str
    ensemble: F1MeanStd
    single: F1MeanStd | None
    """Its members as single networks; None for the rule."""

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
    """None when no image is off."""


@dataclass(frozen=True)
class F1Difference:
    """Mean F1 of one candidate minus that of another, on the same images."""

    of: str
    minus: str
    f1: float
    interval_95: tuple[float, float]


@dataclass(frozen=True)
class SeedEvaluation:
    """What a seed comparison found; `asdict` of it is part of `benchmark.json`."""

    candidates: tuple[Candidate, ...]
    differences: tuple[F1Difference, ...]


def evaluate_seeds(frozen: FrozenSet, probabilities: dict[PresetName, npt.NDArray[np.float32]]) -> SeedEvaluation:
    """Evaluate (seeds, members, N) off-sample probabilities of each preset."""
    off, resampled = frozen.labelled_set.off, Resampling(frozen.groups)
    ratios = score_border_centre(frozen.labelled_set.inputs)
    rule_predicted_off = (ratios > OFF_ABOVE_RATIO)[np.newaxis]
    patterns = np.asarray(frozen.labelled_set.aspects["pattern"])
    ensembles = {preset: found.mean(axis=1) for preset, found in probabilities.items()}
    predicted_off = {str(preset): found >= THRESHOLD for preset, found in ensembles.items()}
    singles = {preset: found.reshape(-1, found.shape[-1]) >= THRESHOLD for preset, found in probabilities.items()}
    candidates = [
        Candidate(
            name=str(preset),
            ensemble=_summarise_f1(off, predicted_off[str(preset)], resampled),
            single=_summarise_f1(off, singles[preset], resampled),
            accuracy=float((predicted_off[str(preset)] == off).mean()),
            auc=float(np.mean([roc_auc_score(off, one) for one in ensembles[preset]])),
            by_pattern=_score_patterns(off, predicted_off[str(preset)], patterns),
        )
        for preset in probabilities
    ]
    rule = Candidate(
        name="border/centre rule",
        ensemble=_summarise_f1(off, rule_predicted_off, resampled),
        single=None,
        accuracy=float((rule_predicted_off == off).mean()),
        auc=float(roc_auc_score(off, ratios)),
        by_pattern=_score_patterns(off, rule_predicted_off, patterns),
    )
    return SeedEvaluation(
        (*candidates, rule), tuple(_compare_candidates(off, predicted_off, singles, rule_predicted_off, resampled))
    )


def f1_of(off: Off, predicted_off: PredictedOff) -> npt.NDArray[np.float64]:
    """(fits,) F1; 0 where no image is off and none is predicted off."""
    true_positives = (predicted_off & off).sum(axis=1)
    return np.asarray(2 * true_positives / np.maximum(predicted_off.sum(axis=1) + off.sum(), 1))


def _mean_f1(off: Off, predicted_off: PredictedOff, resampled: Resampling) -> npt.NDArray[np.float64]:
    """(resamples,) mean F1 over fits."""
    true_positives, both = (
        resampled.sums(predicted_off & off),
        resampled.sums(predicted_off) + resampled.sums(off[np.newaxis]),
    )
    return np.asarray((2 * true_positives / np.maximum(both, 1)).mean(axis=1))


def _summarise_f1(off: Off, predicted_off: PredictedOff, resampled: Resampling) -> F1MeanStd:
    f1 = f1_of(off, predicted_off)
    return F1MeanStd(
        mean=float(f1.mean()),
        std=float(f1.std(ddof=1)) if len(f1) > 1 else 0.0,
        lowest=float(f1.min()),
        highest=float(f1.max()),
        fits=len(f1),
        interval_95=percentile_interval(_mean_f1(off, predicted_off, resampled)),
    )


def _compare_candidates(
    off: Off,
    predicted_off: dict[str, PredictedOff],
    singles: dict[PresetName, PredictedOff],
    rule_predicted_off: PredictedOff,
    resampled: Resampling,
) -> list[F1Difference]:
    default, report = str(PresetName.DEFAULT), str(PresetName.REPORT_2018)
    pairs = [
        (default, predicted_off[default], report, predicted_off[report]),
        (default, predicted_off[default], "border/centre rule", rule_predicted_off),
        (f"{report}, ensemble", predicted_off[report], f"{report}, single member", singles[PresetName.REPORT_2018]),
        (f"{default}, ensemble", predicted_off[default], f"{default}, single member", singles[PresetName.DEFAULT]),
    ]
    return [
        F1Difference(
            of=first_name,
            minus=second_name,
            f1=float(f1_of(off, first).mean() - f1_of(off, second).mean()),
            interval_95=percentile_interval(_mean_f1(off, first, resampled) - _mean_f1(off, second, resampled)),
        )
        for first_name, first, second_name, second in pairs
    ]


def _score_patterns(off: Off, predicted_off: PredictedOff, patterns: npt.NDArray[np.str_]) -> tuple[PatternScore, ...]:
    scores = []
    for name in sorted(set(patterns.tolist())):
        inside = patterns == name
        own, own_predicted_off = off[inside], predicted_off[:, inside]
        f1 = float(f1_of(own, own_predicted_off).mean()) if own.any() else None
        scores.append(PatternScore(name, len(own), int(own.sum()), float((own_predicted_off == own).mean()), f1))
    return tuple(scores)
