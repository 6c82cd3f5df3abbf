"""Peaks of the mean spectrum, for an imzML file without annotations.

The mean spectrum is summed on a grid of equal steps on a logarithmic m/z axis, as wide as the half width of the
extraction windows. A peak is a cell that

- is the highest within two half widths to each side, so that windows hardly overlap;
- has signal in 1 % of the spectra, and in five times as many spectra as the median occupied cell (noise is everywhere),
  though 5 % is always enough;
- unless the file declares centroids: is higher than the occupied cells before and after it (which may be some cells
  away, as neighbouring points in continuous profile data are), and above three times the median of the occupied
  cells. Where no cell is, all that are higher than their neighbours count.

The most intense of these peaks are used. The m/z of a peak is the mean of the points in its cell and the two
neighbouring cells, weighted by intensity.
"""

import math
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from shared.errors import InvalidIonImageError
from shared.imzml.ibd_file import IbdFile
from shared.imzml.index import ImzmlIndex
from shared.imzml.representation import resemble_centroids
from shared.imzml.spectrum_chunk import SpectrumChunk, prefetch_chunks, read_chunks
from shared.ions.ion_mz import require_ppm
from shared.progress import ProgressCallback

MZ_RANGE: Final = (1.0, 100_000.0)
"""Range in which peaks are picked, Th."""

_MAX_CELLS: Final = 4_000_000
"""Cells of the grid; they take 80 MB. A step is at least ln(100,000) / 4,000,000, 2.9 ppm."""

_MIN_SHARE: Final = 0.01
"""Share of the spectra that must have signal."""

_SUFFICIENT_SHARE: Final = 0.05
"""Share of the spectra that is always sufficient."""

_MIN_PRESENCE_RATIO: Final = 5.0
"""Factor by which a peak must have signal in more spectra than the median occupied cell."""

_MIN_RATIO: Final = 3.0
"""Minimum ratio of a peak to the median of the occupied cells."""

_MAX_INTENSITY: Final = np.float64(np.finfo(np.float32).max)
"""A higher intensity is infinite in an ion image, and would make sums of the mean spectrum infinite."""

_SAMPLED_SPECTRA: Final = 20
"""Spectra that are examined where the declarations contradict each other."""

_CHUNK_SPECTRA: Final = 4096


@dataclass(frozen=True, eq=False)
class PickedPeaks:
    """Peaks, by ascending m/z.

    Attributes
    ----------
    mz
        (N,) Th.
    mean_intensity
        (N,) mean over all spectra of the peak's cell, in the file's units.
    note
        What the spectra were read as, where the file declares both centroids and profiles; None where it does not.
    """

    mz: npt.NDArray[np.float64]
    mean_intensity: npt.NDArray[np.float64]
    note: str | None = None


def pick_peaks(index: ImzmlIndex, ibd: IbdFile, ppm: float, most: int, on_progress: ProgressCallback) -> PickedPeaks:
    """Pick at most `most` peaks.

    Raises
    ------
    InvalidIonImageError
        When no point has signal.
    InvalidAnnotationsError
        When `ppm` is out of range.
    """
    require_ppm(ppm)
    is_centroid = _measure_centroid(index, ibd) if index.is_centroid is None else index.is_centroid
    spectrum = _MeanSpectrum(ppm)
    with closing(prefetch_chunks(read_chunks(index, ibd, _CHUNK_SPECTRA))) as chunks:
        for chunk in chunks:
            spectrum.add(chunk)
            on_progress("picking peaks of the mean spectrum", chunk.spectra.stop, len(index))
    mz, mean_intensity = spectrum.pick(index, most, is_centroid=is_centroid)
    found = "centroids" if is_centroid else "profiles"
    note = None if index.is_centroid is not None else f"its spectra are declared as both: they were read as {found}"
    return PickedPeaks(mz, mean_intensity, note)


def _measure_centroid(index: ImzmlIndex, ibd: IbdFile) -> bool:
    """Whether a sample of the spectra resembles centroids."""
    filled = np.flatnonzero(index.mz.lengths > 0)
    some = filled[np.linspace(0, len(filled) - 1, min(len(filled), _SAMPLED_SPECTRA)).astype(np.intp)].tolist()
    return resemble_centroids([ibd.read_numbers((index.mz,), slice(one, one + 1))[0] for one in some])


class _MeanSpectrum:
    """Sums over all spectra, for each cell of the grid."""

    def __init__(self, ppm: float) -> None:
        extent = math.log(MZ_RANGE[1] / MZ_RANGE[0])
        self._step = max(ppm * 1e-6, extent / _MAX_CELLS)
        cells = int(extent / self._step) + 1
        self._intensity = np.zeros(cells)
        self._moment = np.zeros(cells)
        self._spectra = np.zeros(cells, dtype=np.int32)

    def add(self, chunk: SpectrumChunk) -> None:
        """Add spectra; points with NaN, infinite, huge or negative numbers are ignored."""
        if chunk.shares_mz:
            mz = chunk.mz.astype(np.float64)
            valid = np.where(_is_valid(chunk.intensities), chunk.intensities, 0)
            intensity, spectra = valid.sum(axis=0, dtype=np.float64), np.count_nonzero(valid, axis=0)
        else:
            mz, intensity = chunk.mz.astype(np.float64), chunk.intensities.astype(np.float64)
            intensity = np.where(_is_valid(intensity), intensity, 0)
            spectra = _first_in_cell(self._cells(mz), chunk.lengths)
        with np.errstate(invalid="ignore"):
            counts = (mz >= MZ_RANGE[0]) & (mz < MZ_RANGE[1]) & (intensity > 0)
        mz, intensity, spectra = mz[counts], intensity[counts], spectra[counts]
        cells = self._cells(mz)
        np.add.at(self._intensity, cells, intensity)
        np.add.at(self._moment, cells, intensity * mz)
        np.add.at(self._spectra, cells, spectra.astype(np.int32))

    def _cells(self, mz: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
        with np.errstate(invalid="ignore", divide="ignore"):
            cells = np.log(mz / MZ_RANGE[0]) / self._step
            return np.clip(np.nan_to_num(cells), 0, len(self._intensity) - 1).astype(np.intp)

    def pick(
        self, index: ImzmlIndex, most: int, *, is_centroid: bool
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The m/z of at most `most` peaks, ascending, and their mean intensities."""
        occupied = np.flatnonzero(self._intensity)
        if not len(occupied):
            raise InvalidIonImageError(
                f"{index.file_name!r} has no peak to pick: no intensity above 0 at an m/z from {MZ_RANGE[0]:g} to"
                f" {MZ_RANGE[1]:g}; expected spectra with signal"
            )
        heights = self._intensity[occupied]
        tops = heights >= maximum_filter1d(self._intensity, 5)[occupied]
        presence = self._with_neighbours(self._spectra)[occupied]
        min_presence = max(_MIN_SHARE * len(index), _MIN_PRESENCE_RATIO * float(np.median(presence)))
        tops &= presence >= min(min_presence, _SUFFICIENT_SHARE * len(index))
        if not is_centroid:
            tops &= (heights >= np.append(heights[1:], 0)) & (heights > np.append(0, heights[:-1]))
            outstanding = tops & (heights >= _MIN_RATIO * np.median(heights))
            tops = outstanding if outstanding.any() else tops
        cells = occupied[tops]
        strongest = np.sort(cells[np.argsort(-self._intensity[cells], kind="stable")[:most]])
        mz = self._with_neighbours(self._moment)[strongest] / self._with_neighbours(self._intensity)[strongest]
        return mz, self._intensity[strongest] / len(index)

    @staticmethod
    def _with_neighbours(sums: npt.NDArray[np.float64] | npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """The sum of each cell and its two neighbours."""
        return np.convolve(sums.astype(np.float64), np.ones(3), mode="same")


def _is_valid(intensities: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether each is above 0 and finite as float32."""
    with np.errstate(invalid="ignore"):
        valid: npt.NDArray[np.bool_] = (intensities > 0) & (intensities <= _MAX_INTENSITY)
        return valid


def _first_in_cell(cells: npt.NDArray[np.intp], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """1 for the first point of a spectrum in a cell, 0 for the others: sums of it count spectra, not points."""
    first = np.ones(len(cells), dtype=np.int64)
    first[1:] = cells[1:] != cells[:-1]
    starts = np.cumsum(lengths)[:-1]
    first[starts[starts < len(first)]] = 1
    return first
