"""Resampling: the bootstrap over groups, because images of one group are not independent."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidInputError

_RESAMPLES = 2_000
_SEED = 0
_PERCENTILES = (2.5, 97.5)

Interval = tuple[float, float]
Values = npt.NDArray[np.generic]


class Resampling:
    """2,000 draws of groups, with replacement, shared by everything that is compared.

    Images may belong to groups of several kinds that cross: every sample mask is combined with every texture, so the
    pairs are not independent either. The groups of each kind are drawn independently, and an image is weighted by the
    product of its groups' counts (the pigeonhole bootstrap: Owen 2007, Ann. Appl. Stat. 1:386). With few groups of a
    kind the intervals tend to be too narrow.

    Parameters
    ----------
    groups
        N keys with one part for each kind of group: `("dataset",)`, or `("mask", "texture")`.

    Raises
    ------
    InvalidInputError
        When there is no image, or keys differ in their number of parts.
    """

    def __init__(self, groups: Sequence[tuple[str, ...]]) -> None:
        if not groups or len({len(key) for key in groups}) != 1 or not groups[0]:
            raise InvalidInputError(
                "expected at least one image, and the same number of group keys (one or more) for each, got"
                f" {len(groups)} images with numbers of keys {sorted({len(key) for key in groups})}"
            )
        cells = sorted(set(groups))
        number_of = {cell: number for number, cell in enumerate(cells)}
        self._cell_of = np.asarray([number_of[key] for key in groups], dtype=np.intp)
        rng = np.random.default_rng(_SEED)
        times = np.ones((_RESAMPLES, len(cells)), dtype=np.int64)
        levels = []
        for kind in zip(*cells, strict=True):
            names, level_of_cell = np.unique(np.asarray(kind), return_inverse=True)
            times *= rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=_RESAMPLES)[:, level_of_cell]
            levels.append(len(names))
        self._times = times[times.any(axis=1)]
        self.levels = tuple(levels)
        """Number of groups of each kind."""

    @property
    def several_groups(self) -> bool:
        """Whether any kind has more than one group; otherwise the variation between groups is unknown."""
        return max(self.levels) > 1

    def sums(self, values: Values) -> npt.NDArray[np.float64]:
        """(resamples, rows) sums of (rows, N) values."""
        per_cell = np.zeros((self._times.shape[1], len(values)))
        np.add.at(per_cell, self._cell_of, np.asarray(values, dtype=np.float64).T)
        return np.asarray(self._times @ per_cell)

    def interval_of_mean(self, values: Values) -> Interval:
        """95 % interval of the mean of (N,) values."""
        return self.interval_of_ratio(values, np.ones(len(values)))

    def interval_of_ratio(self, numerator: Values, denominator: Values) -> Interval:
        """95 % interval of the sum of (N,) numerators over the sum of (N,) denominators, both >= 0.

        Draws whose denominators sum to 0 are left out.
        """
        both = self.sums(np.stack([np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)]))
        defined = both[:, 1] > 0
        return percentile_interval(both[defined, 0] / both[defined, 1]) if defined.any() else (0.0, 1.0)

    def interval_of(self, statistic: Callable[[npt.NDArray[np.float64]], float], values: Values) -> Interval:
        """95 % interval of any statistic of (N,) values, each repeated as often as it was drawn."""
        every = np.asarray(values, dtype=np.float64)
        return percentile_interval(np.asarray([statistic(np.repeat(every, row[self._cell_of])) for row in self._times]))


def percentile_interval(resampled: npt.NDArray[np.float64]) -> Interval:
    """Percentiles 2.5 and 97.5 of (resamples,) values."""
    low, high = np.percentile(resampled, _PERCENTILES)
    return float(low), float(high)
