"""A measurement without the peaks of some ions: every spectrum is read once, and its other peaks are written."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pyimzml.ImzMLWriter import ImzMLWriter

from shared.imzml.dataset import ImzmlDataset
from shared.imzml.ibd_file import open_ibd_file
from shared.imzml.mass_windows import MassWindows, make_mass_windows
from shared.imzml.spectrum_chunk import SpectrumChunk, prefetch_chunks, read_chunks
from shared.progress import ProgressCallback, ignore_progress
from worker.cleaning.header import ImzmlHeader
from worker.cleaning.writing import write_measurement

_SPECTRA: Final = 4096
"""Most spectra of a chunk."""
_WORK: Final = "removing peaks"


@dataclass(frozen=True, eq=False)
class CleaningCounts:
    """What was removed; a peak in the windows of several ions counts for each, and once in the total.

    Attributes
    ----------
    peaks, intensities
        (N,) of each ion.
    removed_peaks, all_peaks, removed_intensity, all_intensity
        Of the whole measurement.
    empty_spectra
        Spectra of which nothing is left.
    """

    peaks: npt.NDArray[np.int64]
    intensities: npt.NDArray[np.float64]
    removed_peaks: int
    all_peaks: int
    removed_intensity: float
    all_intensity: float
    empty_spectra: int


def clean_measurement(  # noqa: PLR0913 - what is cleaned of what, and what becomes of it
    dataset: ImzmlDataset,
    header: ImzmlHeader,
    mz: npt.NDArray[np.float64],
    ppm: float,
    path: Path,
    write_beside: Callable[[Path, CleaningCounts], None],
    on_progress: ProgressCallback = ignore_progress,
) -> CleaningCounts:
    """Write the measurement without the peaks in the m/z windows of some ions; the other peaks keep every bit.

    pyimzml cannot write an empty spectrum, so one without a remaining peak has a single one of intensity 0. Memory does
    not depend on the number of spectra, but for the index of the file, which the dataset holds.

    Parameters
    ----------
    mz
        (N,) Th.
    ppm
        Half width of the windows, parts per million.
    path
        The new .imzML file; its folder must exist.
    write_beside
        Writes a .csv file about what was removed; it takes its place with the other two.

    Raises
    ------
    InvalidIonImageError
        When the .ibd file is damaged.
    InvalidInputError
        When the new files cannot be written; there are none then.
    """
    index = dataset.index
    cleaner = _Cleaner(make_mass_windows(mz, ppm) if len(mz) else None, len(mz))
    with (
        open_ibd_file(dataset.ibd, index, dataset.limits) as ibd,
        write_measurement(path, index, header) as (writer, beside),
        closing(prefetch_chunks(read_chunks(index, ibd, _SPECTRA))) as chunks,
    ):
        flat = bool((index.coordinates[:, 2] == 1).all())
        for chunk in chunks:
            cleaner.write(chunk, index.coordinates[chunk.spectra, : 2 if flat else 3], writer)
            on_progress(_WORK, chunk.spectra.stop, len(index))
        counts = cleaner.counts()
        write_beside(beside, counts)
    return counts


class _Cleaner:
    """Removes peaks chunk by chunk, and counts them."""

    def __init__(self, windows: MassWindows | None, ions: int) -> None:
        self._windows, self._ions = windows, ions
        self._peaks = np.zeros(ions, dtype=np.int64)
        self._intensities = np.zeros(ions)
        self._totals = np.zeros(4)
        self._empty = 0

    def counts(self) -> CleaningCounts:
        removed, points, removed_intensity, intensity = self._totals
        return CleaningCounts(
            self._peaks, self._intensities, int(removed), int(points), removed_intensity, intensity, self._empty
        )

    def write(self, chunk: SpectrumChunk, coordinates: npt.NDArray[np.int64], writer: ImzMLWriter) -> None:
        removed = np.zeros(len(chunk.mz), dtype=np.bool_)
        of_point = _sum_finite(chunk.intensities)
        for positions, ions in self._windows.match(chunk.mz) if self._windows else ():
            removed[positions] = True
            points = len(chunk.lengths) if chunk.shares_mz else 1
            self._peaks += points * np.bincount(ions, minlength=self._ions)
            self._intensities += np.bincount(ions, weights=of_point[positions], minlength=self._ions)
        points = len(chunk.lengths) if chunk.shares_mz else 1
        self._totals += [points * removed.sum(), points * len(removed), of_point[removed].sum(), of_point.sum()]
        kept = ~removed
        if chunk.shares_mz:
            mz = chunk.mz[kept]
            for position, intensities in zip(coordinates.tolist(), chunk.intensities[:, kept], strict=True):
                self._add(writer, mz, intensities, chunk.mz, position)
            return
        ends = np.cumsum(chunk.lengths).tolist()
        for start, end, position in zip([0, *ends], ends, coordinates.tolist(), strict=False):
            mine = kept[start:end]
            mz = chunk.mz[start:end]
            self._add(writer, mz[mine], chunk.intensities[start:end][mine], mz, position)

    def _add(
        self,
        writer: ImzMLWriter,
        mz: npt.NDArray[Any],
        intensities: npt.NDArray[Any],
        before: npt.NDArray[Any],
        position: list[int],
    ) -> None:
        if not len(mz):
            self._empty += 1
            mz = before[:1] if len(before) else np.ones(1, dtype=before.dtype)
            intensities = np.zeros(1, dtype=intensities.dtype)
        writer.addSpectrum(mz, intensities, tuple(position))


def _sum_finite(intensities: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """(K,) the intensity at each m/z of a chunk, over its spectra where they share m/z; infinite ones and NaN are 0."""
    finite = np.where(np.isfinite(intensities), intensities, 0).astype(np.float64)
    return finite.sum(axis=0) if finite.ndim == 2 else finite
