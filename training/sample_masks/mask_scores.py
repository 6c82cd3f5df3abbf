"""How well predicted sample masks agree with the true ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model_store.context.sample_mask import SampleMask, find_sample_mask
from training.metrics.resampling import Interval, Resampling
from training.sample_masks.known_masks import KnownMask, measure_overlap

GOOD_OVERLAP = 0.8


@dataclass(frozen=True)
class JudgedMask:
    """One predicted mask."""

    overlap: float
    """Intersection over union with the true mask."""

    ions: int
    has_off_sample_area: bool
    says_off_sample_area: bool
    confidence: float
    group: tuple[str, str]
    """Sample mask and texture source."""


@dataclass(frozen=True)
class MaskFigures:
    """Some predicted masks together; intervals are over sample masks and textures, which repeat."""

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
    """How often the verdict on the off-sample area is right; intervals are over sample masks and textures."""

    datasets: int
    correct: int
    accuracy_ci: Interval
    absent: int
    absent_found: int
    present_found: int


def judge_masks(known_masks: Sequence[KnownMask]) -> list[JudgedMask]:
    """Predict every mask from ion images and acquisition mask, then compare it with the true one."""
    return [_judge(known, find_sample_mask(known.inputs[..., 0], known.acquisition_mask)) for known in known_masks]


def summarise_masks(judged: Sequence[JudgedMask]) -> MaskFigures:
    """Mean and median overlap, and the share of good masks; of at least one mask."""
    overlaps = np.array([one.overlap for one in judged])
    resampling = Resampling([one.group for one in judged])
    good = overlaps > GOOD_OVERLAP
    return MaskFigures(
        len(judged),
        float(overlaps.mean()),
        resampling.interval_of_mean(overlaps),
        float(np.median(overlaps)),
        resampling.interval_of(lambda drawn: float(np.median(drawn)), overlaps),
        int(good.sum()),
        resampling.interval_of_mean(good),
    )


def summarise_verdicts(judged: Sequence[JudgedMask]) -> VerdictFigures:
    """Verdicts on the off-sample area, of at least one mask."""
    correct = np.array([one.has_off_sample_area == one.says_off_sample_area for one in judged])
    return VerdictFigures(
        datasets=len(judged),
        correct=int(correct.sum()),
        accuracy_ci=Resampling([one.group for one in judged]).interval_of_mean(correct),
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
        known.group,
    )
