"""The m/z windows of many ions, and which peaks fall into which."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidAnnotationsError
from shared.ions.ion_mz import MAX_MZ, require_ppm

_CELLS: Final = 2**18
"""Cells of the sieve, a quarter of a megabyte, which fits into a core's cache."""

_MAX_PAIRS: Final = 2**20
"""Pairs of a peak and a window compared at once: some 40 MB, no matter how many windows overlap."""

_MAX_ROUNDS: Final = 16
"""Up to so many windows a cell, they are compared in rounds, which is fastest where there are few."""

Hits = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
"""(M,) each, in any order: peak `positions[i]` is in the window of `ions[i]`."""


@dataclass(frozen=True, eq=False)
class MassWindows:
    """Windows of N ions, m/z from `lows` to `highs`, both ends included, as pyimzml's `getionimage` documents it.

    Attributes
    ----------
    lows, highs
        (N,) float64, ascending.
    ions
        (N,) which ion each window belongs to, as numbered by the caller.
    """

    lows: npt.NDArray[np.float64]
    highs: npt.NDArray[np.float64]
    ions: npt.NDArray[np.intp]
    _cells_per_th: float
    _first: npt.NDArray[np.int32]
    """Cell -> the first window that may touch it."""
    _counts: npt.NDArray[np.int32]
    """Cell -> number of windows that may touch it; they are consecutive."""
    _sieve: npt.NDArray[np.bool_]
    """Cell -> whether any window may touch it."""

    def match(self, mz: npt.NDArray[Any]) -> Iterator[Hits]:
        """Find the peaks in each window; in several parts where many windows overlap.

        Nearly all peaks are in none. A sieve of equal cells over the m/z axis selects those that may be in one; they
        are compared with the windows of their cell, in float64. The peaks need not be sorted.

        Parameters
        ----------
        mz
            (K,) real numbers; NaN and infinite ones are in no window.

        Yields
        ------
        positions, ions
            A peak in several windows is listed once for each.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = np.subtract(mz, self.lows[0], dtype=np.float64)
            scaled *= self._cells_per_th
            cells = scaled.astype(np.int32)  # four times as fast as int64; overflow is clipped below
        positions = np.flatnonzero(self._sieve.take(cells, mode="clip"))
        cells = np.clip(cells[positions], 0, _CELLS - 1)
        found, windows, counts = mz[positions].astype(np.float64), self._first[cells], self._counts[cells]
        for part in _cut(counts):
            compare = self._compare_in_rounds if counts[part].max(initial=0) <= _MAX_ROUNDS else self._compare_all
            yield compare(positions[part], found[part], windows[part], counts[part])

    def _compare_in_rounds(
        self,
        positions: npt.NDArray[np.intp],
        found: npt.NDArray[np.float64],
        windows: npt.NDArray[np.int32],
        counts: npt.NDArray[np.int32],
    ) -> Hits:
        """Compare all peaks with the first window of their cell, then with the second, and so on."""
        hits = []
        for round_number in range(int(counts.max(initial=0))):
            if round_number:
                more = counts > round_number
                positions, found, windows, counts = positions[more], found[more], windows[more] + 1, counts[more]
            inside = np.flatnonzero((self.lows[windows] <= found) & (found <= self.highs[windows]))
            hits.append((positions[inside], self.ions[windows[inside]]))
        if len(hits) == 1:
            return hits[0]
        empty = [np.empty(0, dtype=np.intp)]
        return np.concatenate(empty + [hit[0] for hit in hits]), np.concatenate(empty + [hit[1] for hit in hits])

    def _compare_all(
        self,
        positions: npt.NDArray[np.intp],
        found: npt.NDArray[np.float64],
        windows: npt.NDArray[np.int32],
        counts: npt.NDArray[np.int32],
    ) -> Hits:
        """Compare each peak with every window of its cell."""
        peak = np.repeat(np.arange(len(counts)), counts)
        window = np.arange(len(peak)) - np.repeat(np.cumsum(counts) - counts - windows, counts)
        inside = np.flatnonzero((self.lows[window] <= found[peak]) & (found[peak] <= self.highs[window]))
        return positions[peak[inside]], self.ions[window[inside]]


def _cut(counts: npt.NDArray[np.int32]) -> Iterator[slice]:
    """Ranges of peaks with at most `_MAX_PAIRS` pairs, or of one peak."""
    if counts.sum(dtype=np.int64) <= _MAX_PAIRS:
        yield slice(0, len(counts))
        return
    ends = np.cumsum(counts, dtype=np.int64)
    start = 0
    while start < len(counts):
        before = int(ends[start] - counts[start])
        stop = max(start + 1, int(np.searchsorted(ends, before + _MAX_PAIRS, side="right")))
        yield slice(start, stop)
        start = stop


def make_mass_windows(mz: npt.NDArray[np.float64], ppm: float) -> MassWindows:
    """Make windows of `ppm` to both sides of each m/z, (N,) Th, in any order; ions are numbered 0 to N - 1.

    Raises
    ------
    InvalidAnnotationsError
        When an m/z or `ppm` is out of range: cell numbers would overflow.
    """
    require_ppm(ppm)
    outside = mz[~((mz > 0) & (mz <= MAX_MZ))]
    if outside.size:
        raise InvalidAnnotationsError(f"expected m/z above 0 and at most {MAX_MZ:,.0f}, got {outside[0]:g}")
    order = np.argsort(mz, kind="stable")
    half_widths = mz[order] * ppm * 1e-6
    lows, highs = mz[order] - half_widths, mz[order] + half_widths
    cells_per_th = (_CELLS - 3) / max(float(highs[-1] - lows[0]), 1e-9)
    begins = np.floor((lows - lows[0]) * cells_per_th).astype(np.int64) - 1  # one more cell on each side, for rounding
    ends = np.floor((highs - lows[0]) * cells_per_th).astype(np.int64) + 1
    begun = np.cumsum(np.bincount(np.maximum(begins, 0), minlength=_CELLS)[:_CELLS])
    ended = np.cumsum(np.bincount(ends + 1, minlength=_CELLS)[:_CELLS])
    counts = (begun - ended).astype(np.int32)
    return MassWindows(lows, highs, order, cells_per_th, ended.astype(np.int32), counts, counts > 0)
