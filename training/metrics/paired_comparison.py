"""Two predictors on the same labelled images, image by image, dataset by dataset."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.counting import count_of
from training.metrics.resampling import Interval, Resampling

FEWEST_DATASETS = 5
"""With fewer, a difference says nothing about other datasets, and none is judged."""

Correct = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PairedCounts:
    """How many images of one dataset, or of all, each of two predictors predicts correctly."""

    name: str
    images: int
    both: int
    only_first: int
    only_second: int

    @property
    def first(self) -> int:
        """Correct predictions of the first."""
        return self.both + self.only_first

    @property
    def second(self) -> int:
        """Correct predictions of the second."""
        return self.both + self.only_second


@dataclass(frozen=True)
class PairedComparison:
    """Two predictors on the same images."""

    first: str
    second: str
    datasets: tuple[PairedCounts, ...]
    """Sorted by name."""

    total: PairedCounts
    interval_95: Interval | None
    """Of the difference of accuracies, over datasets; None with fewer than `FEWEST_DATASETS`."""

    @property
    def difference(self) -> float:
        """Accuracy of the second minus that of the first."""
        return (self.total.second - self.total.first) / self.total.images

    @property
    def verdict(self) -> str:
        """One sentence: which is better on other datasets, as far as this many show it."""
        count = len(self.datasets)
        if self.interval_95 is None:
            return (
                f"Not judged: {self.total.images} labels of {count_of(count, 'dataset')} say too"
                f" little about other datasets; expected {FEWEST_DATASETS} datasets or more."
            )
        low, high = self.interval_95
        found = f"{self.difference:+.1%} ({low:+.1%} to {high:+.1%}, {count} datasets drawn with replacement)"
        if low > 0:
            return f"{self.second} is better than {self.first}: {found}."
        if high < 0:
            return f"{self.second} is worse than {self.first}: {found}."
        return f"{self.second} and {self.first} cannot be told apart: {found}."


def compare_paired(
    first: tuple[str, Correct], second: tuple[str, Correct], datasets: Sequence[str]
) -> PairedComparison:
    """Compare two predictors, each a name and (N,) whether its prediction is correct, on the images of N datasets."""
    names = np.asarray(datasets)
    rows = [_count(str(name), first[1][names == name], second[1][names == name]) for name in np.unique(names)]
    return PairedComparison(
        first[0],
        second[0],
        tuple(rows),
        _count("all", first[1], second[1]),
        _interval(second[1].astype(np.int64) - first[1], datasets) if len(rows) >= FEWEST_DATASETS else None,
    )


def _count(name: str, first: Correct, second: Correct) -> PairedCounts:
    both, only_first, only_second = first & second, first & ~second, second & ~first
    return PairedCounts(name, len(first), int(both.sum()), int(only_first.sum()), int(only_second.sum()))


def _interval(difference: npt.NDArray[np.int64], datasets: Sequence[str]) -> Interval:
    return Resampling([(name,) for name in datasets]).interval_of_mean(difference)
