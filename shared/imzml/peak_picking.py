"""Peaks of the mean spectrum, for an imzML file that comes without annotations.

The mean spectrum is gathered on a grid of equal steps on a logarithmic m/z axis, as wide as the half width of the
extraction windows. A peak is a cell that

- is the highest within two half widths to each side, so that no two windows share much;
- has signal in one of a hundred spectra, and in five times as many spectra as the middle one of the occupied cells
  (noise falls everywhere), though one of twenty is always enough;
- unless the file says that its spectra are centroids: is higher than the occupied cells before and behind it (they may
  be some cells away: in continuous profile data neighbouring points are), and stands above three times the median of
  the occupied cells. Where no cell does, all that are higher than their neighbours count.

Of these peaks the most intense are taken. The m/z of a peak is the mean of the points in its cell and the two beside
it, weighted by intensity.
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
from shared.imzml.progress import ProgressCallback
from shared.imzml.representation import resemble_centroids
from shared.imzml.spectrum_chunk import SpectrumChunk, prefetch_chunks, read_chunks
from shared.ions.ion_mz import require_ppm

MZ_RANGE: Final = (1.0, 100_000.0)
"""Peaks outside are not picked, Th."""

_MAX_CELLS: Final = 4_000_000
"""Cells of the grid; they take 80 MB. A step is at least ln(100,000) / 4,000,000, 2.9 ppm."""

_MIN_SHARE: Final = 0.01
"""Share of the spectra that must have signal."""

_ENOUGH_SHARE: Final = 0.05
"""Share of the spectra that is always enough."""

_MIN_TIMES: Final = 5.0
"""How much more often than in the middle occupied cell there must be signal."""

_MIN_RATIO: Final = 3.0
"""How far above the median of the occupied cells a peak must stand."""

_MAX_INTENSITY: Final = np.float64(np.finfo(np.float32).max)
"""A higher intensity is infinite in an ion image, and would make sums of the mean spectrum infinite."""

_LOOKED_AT: Final = 20
"""Spectra that are looked at where a file does not say what they are."""

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
        What the spectra were taken for, where the file calls them centroids and profiles; None where it does not.
    """

    mz: npt.NDArray[np.float64]
    mean_intensity: npt.NDArray[np.float64]
    note: str | None = None


def pick_peaks(index: ImzmlIndex, ibd: IbdFile, ppm: float, most: int, watch: ProgressCallback) -> PickedPeaks:
    """Pick at most `most` peaks.

    Raises
    ------
    InvalidIonImageError
        When no point has signal.
    InvalidAnnotationsError
        When `ppm` is out of its range.
    """
    require_ppm(ppm)
    is_centroid = _measure_centroid(index, ibd) if index.is_centroid is None else index.is_centroid
    spectrum = _MeanSpectrum(ppm)
    with closing(prefetch_chunks(read_chunks(index, ibd, _CHUNK_SPECTRA))) as chunks:
        for chunk in chunks:
            spectrum.add(chunk)
            watch("picking peaks of the mean spectrum", chunk.spectra.stop, len(index))
    mz, mean_intensity = spectrum.pick(index, most, is_centroid=is_centroid)
    found = "centroids" if is_centroid else "profiles"
    note = None if index.is_centroid is not None else f"its spectra are called both: they look like {found}"
    return PickedPeaks(mz, mean_intensity, note)


def _measure_centroid(index: ImzmlIndex, ibd: IbdFile) -> bool:
    """Whether some spectra look like lists of peaks."""
    filled = np.flatnonzero(index.mz.lengths > 0)
    some = filled[np.linspace(0, len(filled) - 1, min(len(filled), _LOOKED_AT)).astype(np.intp)].tolist()
    return resemble_centroids([ibd.read_numbers((index.mz,), slice(one, one + 1))[0] for one in some])


class _MeanSpectrum:
    """Sums over all spectra, cell by cell of the grid."""

    def __init__(self, ppm: float) -> None:
        extent = math.log(MZ_RANGE[1] / MZ_RANGE[0])
        self._step = max(ppm * 1e-6, extent / _MAX_CELLS)
        cells = int(extent / self._step) + 1
        self._intensity = np.zeros(cells)
        self._moment = np.zeros(cells)
        self._spectra = np.zeros(cells, dtype=np.int32)

    def add(self, chunk: SpectrumChunk) -> None:
        """Add spectra; points with NaN, infinite, huge or negative numbers do not count."""
        if chunk.shares_mz:
            mz = chunk.mz.astype(np.float64)
            sound = np.where(_is_sound(chunk.intensities), chunk.intensities, 0)
            intensity, spectra = sound.sum(axis=0, dtype=np.float64), np.count_nonzero(sound, axis=0)
        else:
            mz, intensity = chunk.mz.astype(np.float64), chunk.intensities.astype(np.float64)
            intensity = np.where(_is_sound(intensity), intensity, 0)
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
        presence = self._spread(self._spectra)[occupied]
        least = max(_MIN_SHARE * len(index), _MIN_TIMES * float(np.median(presence)))
        tops &= presence >= min(least, _ENOUGH_SHARE * len(index))
        if not is_centroid:
            tops &= (heights >= np.append(heights[1:], 0)) & (heights > np.append(0, heights[:-1]))
            outstanding = tops & (heights >= _MIN_RATIO * np.median(heights))
            tops = outstanding if outstanding.any() else tops
        cells = occupied[tops]
        strongest = np.sort(cells[np.argsort(-self._intensity[cells], kind="stable")[:most]])
        mz = self._spread(self._moment)[strongest] / self._spread(self._intensity)[strongest]
        return mz, self._intensity[strongest] / len(index)

    @staticmethod
    def _spread(sums: npt.NDArray[np.float64] | npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """Each cell with the two beside it."""
        return np.convolve(sums.astype(np.float64), np.ones(3), mode="same")


def _is_sound(intensities: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether each is above 0 and finite as float32; NaN is neither."""
    with np.errstate(invalid="ignore"):
        sound: npt.NDArray[np.bool_] = (intensities > 0) & (intensities <= _MAX_INTENSITY)
        return sound


def _first_in_cell(cells: npt.NDArray[np.intp], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """1 for the first point of a spectrum in a cell, 0 for those behind it, so that points become spectra."""
    first = np.ones(len(cells), dtype=np.int64)
    first[1:] = cells[1:] != cells[:-1]
    starts = np.cumsum(lengths)[:-1]
    first[starts[starts < len(first)]] = 1
    return first
