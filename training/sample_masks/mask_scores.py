"""How well predicted sample masks agree with the true ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model_store.context.sample_mask import SampleMask, find_sample_mask
from shared.progress import ProgressCallback, follow, ignore_progress
from training.metrics.resampling import Interval, Resampling
from training.sample_masks.masked_datasets import MaskedDataset, measure_overlap

GOOD_OVERLAP = 0.8


@dataclass(frozen=True)
class MaskEvaluation:
    """The evaluation of one predicted mask."""

    overlap: float
    """Intersection over union with the true mask."""

    ions: int
    has_off_sample_area: bool
    predicted_off_sample_area: bool
    confidence: float
    group: tuple[str, str]
    """Sample mask and texture source."""


@dataclass(frozen=True)
class MaskSummary:
    """Scores of several predicted masks; intervals are over sample masks and textures, which occur repeatedly."""

    datasets: int
    mean: float
    mean_95: Interval
    median: float
    median_95: Interval
    good: int
    """Masks with an overlap above 0.8."""

    good_95: Interval


@dataclass(frozen=True)
class VerdictSummary:
    """How often the verdict on the off-sample area is correct; intervals are over sample masks and textures."""

    datasets: int
    correct: int
    accuracy_ci: Interval
    absent: int
    absent_found: int
    present_found: int


def evaluate_masks(
    datasets: Sequence[MaskedDataset], on_progress: ProgressCallback = ignore_progress
) -> list[MaskEvaluation]:
    """Predict every mask from ion images and acquisition mask, then compare it with the true one."""
    return [
        _evaluate(dataset, find_sample_mask(dataset.inputs[..., 0], dataset.acquisition_mask))
        for dataset in follow(datasets, "finding sample masks", len(datasets), on_progress)
    ]


def summarise_masks(evaluations: Sequence[MaskEvaluation]) -> MaskSummary:
    """Mean and median overlap, and the share of good masks; of at least one mask."""
    overlaps = np.array([one.overlap for one in evaluations])
    resampling = Resampling([one.group for one in evaluations])
    good = overlaps > GOOD_OVERLAP
    return MaskSummary(
        len(evaluations),
        float(overlaps.mean()),
        resampling.interval_of_mean(overlaps),
        float(np.median(overlaps)),
        resampling.interval_of(lambda drawn: float(np.median(drawn)), overlaps),
        int(good.sum()),
        resampling.interval_of_mean(good),
    )


def summarise_verdicts(evaluations: Sequence[MaskEvaluation]) -> VerdictSummary:
    """Verdicts on the off-sample area, of at least one mask."""
    correct = np.array([one.has_off_sample_area == one.predicted_off_sample_area for one in evaluations])
    return VerdictSummary(
        datasets=len(evaluations),
        correct=int(correct.sum()),
        accuracy_ci=Resampling([one.group for one in evaluations]).interval_of_mean(correct),
        absent=sum(not one.has_off_sample_area for one in evaluations),
        absent_found=sum(not one.has_off_sample_area and not one.predicted_off_sample_area for one in evaluations),
        present_found=sum(one.has_off_sample_area and one.predicted_off_sample_area for one in evaluations),
    )


def _evaluate(dataset: MaskedDataset, found: SampleMask) -> MaskEvaluation:
    return MaskEvaluation(
        measure_overlap(found.mask, dataset),
        len(dataset.inputs),
        dataset.has_off_sample_area,
        found.off_sample_area == "present",
        found.confidence,
        dataset.group,
    )
