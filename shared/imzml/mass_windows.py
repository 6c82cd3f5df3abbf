"""The m/z windows of many ions, and which peaks fall into which: all ions at once."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_CELLS: Final = 2**18
"""Cells of the sieve: its quarter of a megabyte stays in a core's cache."""


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
    """Cell -> how many windows may touch it; they follow each other."""
    _sieve: npt.NDArray[np.bool_]
    """Cell -> whether any window may touch it."""

    def match(self, mz: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Which peaks lie in which windows.

        Nearly all peaks lie in none. A sieve of equal cells over the m/z axis lets through those that may; they are
        compared with the windows of their cell, in float64. The peaks need not be sorted.

        Parameters
        ----------
        mz
            (K,) real numbers, NaN and infinite ones too: they lie in no window.

        Returns
        -------
        positions, ions
            (M,) each, in any order; peak `positions[i]` lies in the window of `ions[i]`. A peak in several windows
            comes several times.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = np.subtract(mz, self.lows[0], dtype=np.float64)
            scaled *= self._cells_per_th
            cells = scaled.astype(np.int32)  # four times as fast as to int64; what overflows is clipped below
        positions = np.flatnonzero(self._sieve.take(cells, mode="clip"))
        cells = np.clip(cells[positions], 0, _CELLS - 1)
        found, windows, counts = mz[positions].astype(np.float64), self._first[cells], self._counts[cells]
        hits = []
        for turn in range(int(counts.max(initial=0))):
            if turn:
                more = counts > turn
                positions, found, windows, counts = positions[more], found[more], windows[more] + 1, counts[more]
            inside = np.flatnonzero((self.lows[windows] <= found) & (found <= self.highs[windows]))
            hits.append((positions[inside], self.ions[windows[inside]]))
        if len(hits) == 1:
            return hits[0]
        empty = [np.empty(0, dtype=np.intp)]
        return np.concatenate(empty + [hit[0] for hit in hits]), np.concatenate(empty + [hit[1] for hit in hits])


def make_mass_windows(mz: npt.NDArray[np.float64], ppm: float) -> MassWindows:
    """Windows of `ppm` to both sides of each m/z, (N,) > 0 and finite, in any order; ions are numbered 0 to N - 1."""
    order = np.argsort(mz, kind="stable")
    half_widths = mz[order] * ppm * 1e-6
    lows, highs = mz[order] - half_widths, mz[order] + half_widths
    cells_per_th = (_CELLS - 3) / max(float(highs[-1] - lows[0]), 1e-9)
    begins = np.floor((lows - lows[0]) * cells_per_th).astype(np.int64) - 1  # one cell more to each side: rounding
    ends = np.floor((highs - lows[0]) * cells_per_th).astype(np.int64) + 1
    begun = np.cumsum(np.bincount(np.maximum(begins, 0), minlength=_CELLS)[:_CELLS])
    ended = np.cumsum(np.bincount(ends + 1, minlength=_CELLS)[:_CELLS])
    counts = (begun - ended).astype(np.int32)
    return MassWindows(lows, highs, order, cells_per_th, ended.astype(np.int32), counts, counts > 0)
