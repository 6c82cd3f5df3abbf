"""How well predicted sample masks agree with the true ones."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_store.sample_mask import SampleMask, find_sample_mask
from training.figures import wilson_95
from training.sample_masks.known_masks import KnownMask, measure_overlap

GOOD_OVERLAP = 0.8
_RESAMPLINGS = 1_000
_SEED = 20261101

Float64 = npt.NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True)
class JudgedMask:
    """One predicted mask."""

    overlap: float
    """Intersection over union with the true mask."""

    ions: int
    has_off_sample_area: bool
    says_off_sample_area: bool
    confidence: float
    outline: str


@dataclass(frozen=True)
class MaskFigures:
    """Some predicted masks together; intervals are percentiles of a bootstrap over outlines, which repeat."""

    datasets: int
    mean: float
    mean_95: Interval
    median: float
    median_95: Interval
    good: int
    """Masks with an overlap above 0.8."""

    good_95: Interval


@dataclass(frozen=True)
class VerdictFigures:
    """How often the verdict on the off-sample area is right; intervals are Wilson's."""

    datasets: int
    right: int
    right_95: Interval
    absent: int
    absent_found: int
    present_found: int


def judge_masks(known_masks: Sequence[KnownMask]) -> list[JudgedMask]:
    """Predict every mask from ion images and acquisition mask, then compare it with the true one."""
    return [_judge(known, find_sample_mask(known.inputs[..., 0], known.acquisition_mask)) for known in known_masks]


def summarise_masks(judged: Sequence[JudgedMask]) -> MaskFigures:
    """Mean and median overlap, and the share of good masks; of at least one mask."""
    overlaps = np.array([one.overlap for one in judged])
    resampled = _resample([one.outline for one in judged])
    good = int((overlaps > GOOD_OVERLAP).sum())
    return MaskFigures(
        len(judged),
        float(overlaps.mean()),
        _percentiles([overlaps[rows].mean() for rows in resampled]),
        float(np.median(overlaps)),
        _percentiles([np.median(overlaps[rows]) for rows in resampled]),
        good,
        _percentiles([np.mean(overlaps[rows] > GOOD_OVERLAP) for rows in resampled]),
    )


def summarise_verdicts(judged: Sequence[JudgedMask]) -> VerdictFigures:
    """Verdicts on the off-sample area, of at least one mask."""
    right = sum(one.has_off_sample_area == one.says_off_sample_area for one in judged)
    return VerdictFigures(
        datasets=len(judged),
        right=right,
        right_95=wilson_95(right, len(judged)),
        absent=sum(not one.has_off_sample_area for one in judged),
        absent_found=sum(not one.has_off_sample_area and not one.says_off_sample_area for one in judged),
        present_found=sum(one.has_off_sample_area and one.says_off_sample_area for one in judged),
    )


def _judge(known: KnownMask, found: SampleMask) -> JudgedMask:
    return JudgedMask(
        measure_overlap(found.mask, known),
        len(known.inputs),
        known.has_off_sample_area,
        found.off_sample_area == "present",
        found.confidence,
        known.outline,
    )


def _resample(outlines: Sequence[str]) -> list[npt.NDArray[np.intp]]:
    """Rows of datasets, outline by outline, with outlines drawn with replacement."""
    rows_of: defaultdict[str, list[int]] = defaultdict(list)
    for row, outline in enumerate(outlines):
        rows_of[outline].append(row)
    groups = [np.array(rows) for rows in rows_of.values()]
    rng = np.random.default_rng(_SEED)
    return [
        np.concatenate([groups[index] for index in rng.integers(len(groups), size=len(groups))])
        for _ in range(_RESAMPLINGS)
    ]


def _percentiles(values: Sequence[np.floating]) -> Interval:
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)
