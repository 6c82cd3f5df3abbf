"""Groups of datasets: whole real acquisitions, windows of them, and semi-synthetic datasets, with and without area."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import ks_2samp

from shared.ion_image import IonImage
from shared.preprocessing import describe_missing_signal
from shared.progress import ProgressCallback, follow, ignore_progress
from training.acquisitions.acquisition import Acquisition
from training.realism.statistics import NAMES, DatasetStatistics, measure_dataset
from training.synthetic.mixture import Mixture
from training.synthetic.sources import Sources
from training.synthetic.whole_dataset import draw_whole_dataset
from training.windows.settings import WindowSettings
from training.windows.source import draw_windows

IONS = 12
"""Ions per dataset, the same for all, so that statistics compare; acquisitions with fewer are left out."""


@dataclass(frozen=True, eq=False)
class MeasuredDataset:
    """One dataset's statistics, and some of its ion images to look at."""

    statistics: DatasetStatistics
    has_area: bool | None
    """None = unknown."""

    ion_images: tuple[IonImage, ...]


@dataclass(frozen=True, eq=False)
class DatasetGroup:
    """Datasets of one kind."""

    name: str
    datasets: tuple[MeasuredDataset, ...]

    def values(self, statistic: str, *, has_area: bool | None = None) -> list[float]:
        """One number per dataset, optionally only of those with or without off-sample area."""
        wanted = [one for one in self.datasets if has_area is None or one.has_area is has_area]
        found = (float(getattr(one.statistics, statistic)) for one in wanted)
        return [value for value in found if np.isfinite(value)]


@dataclass(frozen=True)
class Difference:
    """One statistic in two groups."""

    statistic: str
    area: str
    real: tuple[float, float, float]
    """First quartile, median, third quartile."""

    synthetic: tuple[float, float, float]
    distance: float
    """Kolmogorov-Smirnov statistic: 0 = the same distribution, 1 = disjoint."""

    real_datasets: int
    synthetic_datasets: int


def measure_real(
    acquisitions: Sequence[Acquisition], seed: int, on_progress: ProgressCallback = ignore_progress
) -> DatasetGroup:
    """Whole acquisitions, each with `IONS` of its ions."""
    rng = np.random.default_rng(seed)
    followed = follow(acquisitions, "measuring acquisitions", len(acquisitions), on_progress)
    return DatasetGroup(
        "real", tuple(one for acquisition in followed for one in _measure_acquisition(acquisition, rng))
    )


def measure_windows(
    acquisitions: Sequence[Acquisition],
    sources: Sources,
    count: int,
    seed: int,
    on_progress: ProgressCallback = ignore_progress,
) -> DatasetGroup:
    """Windows of the acquisitions."""
    settings = WindowSettings(fewest_ions=IONS, most_ions=IONS)
    large_enough = [one for one in acquisitions if len(one) >= IONS]
    windows = draw_windows(large_enough, sources.outlines, count, seed, settings)
    return DatasetGroup(
        "windows",
        tuple(
            _measure(window.acquisition, window.ion_images, has_area=window.has_off_sample_area)
            for window in follow(windows, "measuring windows", count, on_progress)
        ),
    )


def measure_synthetic(
    sources: Sources, mixture: Mixture, count: int, seed: int, on_progress: ProgressCallback = ignore_progress
) -> DatasetGroup:
    """Semi-synthetic whole datasets."""
    rng = np.random.default_rng(seed)
    drawn = (draw_whole_dataset(sources, mixture, IONS, rng) for _ in range(count))
    followed = follow(drawn, "measuring semi-synthetic datasets", count, on_progress)
    return DatasetGroup(
        mixture.name, tuple(_measure(one.name, one.ion_images, has_area=one.has_off_sample_area) for one in followed)
    )


def compare_groups(real: DatasetGroup, synthetic: DatasetGroup) -> list[Difference]:
    """Compare every statistic: all datasets, those with and those without off-sample area."""
    areas: tuple[tuple[str, bool | None], ...] = (("all", None), ("present", True), ("absent", False))
    found = []
    for statistic in NAMES:
        for area, has_area in areas:
            values = [group.values(statistic, has_area=has_area) for group in (real, synthetic)]
            if all(values):
                found.append(
                    Difference(
                        statistic=statistic,
                        area=area,
                        real=_find_quartiles(values[0]),
                        synthetic=_find_quartiles(values[1]),
                        distance=float(ks_2samp(np.asarray(values[0]), np.asarray(values[1])).statistic),
                        real_datasets=len(values[0]),
                        synthetic_datasets=len(values[1]),
                    )
                )
    return found


def _find_quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    first, middle, third = np.quantile(values, (0.25, 0.5, 0.75)).tolist()
    return first, middle, third


def _measure_acquisition(acquisition: Acquisition, rng: np.random.Generator) -> Iterator[MeasuredDataset]:
    images = [image for image in acquisition.ion_images if describe_missing_signal(image) is None]
    if len(images) >= IONS:
        picked = [images[row] for row in rng.permutation(len(images))[:IONS]]
        has_area = {"present": True, "absent": False, "unknown": None}[acquisition.off_sample_area]
        yield _measure(acquisition.name, picked, has_area=has_area)


def _measure(name: str, ion_images: Sequence[IonImage], *, has_area: bool | None) -> MeasuredDataset:
    return MeasuredDataset(measure_dataset(name, ion_images), has_area, tuple(ion_images))
