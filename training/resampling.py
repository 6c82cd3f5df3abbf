"""Resampling: the bootstrap over groups, for images of one group are alike and no independent draws."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_RESAMPLES = 2_000
_SEED = 0
_PERCENTILES = (2.5, 97.5)


class Resampling:
    """The same 2,000 draws of groups, with replacement, for everything that is compared.

    Parameters
    ----------
    groups
        N keys; what shares a key is drawn together.
    """

    def __init__(self, groups: Sequence[tuple[str, ...]]) -> None:
        names, self._group_of = np.unique(["\0".join(group) for group in groups], return_inverse=True)
        rng = np.random.default_rng(_SEED)
        self._times: npt.NDArray[np.int64] = rng.multinomial(
            len(names), np.full(len(names), 1 / len(names)), size=_RESAMPLES
        )

    def sums(self, values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
        """(resamples, fits) sums of (fits, N) values."""
        per_group = np.zeros((self._times.shape[1], len(values)))
        np.add.at(per_group, self._group_of, np.asarray(values, dtype=np.float64).T)
        return np.asarray(self._times @ per_group)

    def interval_of_mean(self, values: npt.NDArray[np.float64]) -> tuple[float, float]:
        """95 % interval of the mean of (N,) values."""
        both = self.sums(np.stack([values, np.ones_like(values)]))
        return interval_95(both[:, 0] / np.maximum(both[:, 1], 1))


def interval_95(resampled: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Percentiles 2.5 and 97.5 of (resamples,) values."""
    low, high = np.percentile(resampled, _PERCENTILES)
    return float(low), float(high)
