"""Ion images from spectra: every spectrum is read once for all ions."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from shared.imzml.ibd_file import IbdFile
from shared.imzml.index import ImzmlIndex
from shared.imzml.mass_windows import Hits, MassWindows
from shared.imzml.spectrum_chunk import SpectrumChunk, prefetch_chunks, read_chunks
from shared.ion_image import Intensities
from shared.progress import ProgressCallback

_BLOCK_VALUES: Final = 2**20
"""Sums (ions x spectra) held in memory in addition to the table: 8 MiB."""

_WORK: Final = "extracting ion images from spectra"

Block = npt.NDArray[np.float64]


def extract_intensities(
    index: ImzmlIndex,
    pixel_of_spectrum: npt.NDArray[np.intp],
    ibd: IbdFile,
    windows: MassWindows,
    table: Intensities,
    on_progress: ProgressCallback,
) -> None:
    """Sum, for each ion and pixel, the intensities of all peaks in the ion's window, over all scans of the pixel.

    Parameters
    ----------
    pixel_of_spectrum
        (S,) column of `table` that each spectrum belongs to.
    table
        (N, P) float32, zeros; row = ion. Summed in float64, stored in float32.
    """
    ion_count = len(table)
    blocks = _Blocks(windows, ion_count)
    with closing(prefetch_chunks(read_chunks(index, ibd, max(1, _BLOCK_VALUES // ion_count)))) as chunks:
        for chunk in chunks:
            for spectra, block in blocks.sum_windows(chunk):
                _add(table, pixel_of_spectrum[spectra], block)
                on_progress(_WORK, chunk.spectra.start, len(index))
            on_progress(_WORK, chunk.spectra.stop, len(index))


class _Blocks:
    """Sums over windows, (ions, spectra) float64, chunk by chunk; several blocks of a chunk add up."""

    def __init__(self, windows: MassWindows, ion_count: int) -> None:
        self._windows = windows
        self._ion_count = ion_count
        self._shared_mz: npt.NDArray[np.generic] | None = None
        self._columns: list[_Columns] = []

    def sum_windows(self, chunk: SpectrumChunk) -> Iterator[tuple[slice, Block]]:
        if chunk.shares_mz:
            for columns in self._find_columns(chunk.mz):
                yield from self._sum_columns(chunk, columns)
            return
        count = len(chunk.lengths)
        spectrum_of_point = np.repeat(np.arange(count), chunk.lengths)
        for positions, ions in self._windows.match(chunk.mz):
            cells = ions * count + spectrum_of_point[positions]
            weights = chunk.intensities[positions].astype(np.float64)
            sums: Any = np.bincount(cells, weights=weights, minlength=self._ion_count * count)
            yield chunk.spectra, sums.reshape(self._ion_count, count)

    def _find_columns(self, mz: npt.NDArray[np.generic]) -> Iterable["_Columns"]:
        """The points of a shared m/z axis that are in windows, kept for the next chunk unless there are too many."""
        if mz is self._shared_mz:
            return self._columns
        found = map(_arrange, self._windows.match(mz))
        columns = list(islice(found, 2))
        if len(columns) < 2:
            self._shared_mz, self._columns = mz, columns
        return chain(columns, found)

    def _sum_columns(self, chunk: SpectrumChunk, columns: "_Columns") -> Iterator[tuple[slice, Block]]:
        if not len(columns.positions):
            return
        step = max(1, _BLOCK_VALUES // len(columns.positions))
        for start in range(0, len(chunk.lengths), step):
            picked = chunk.intensities[start : start + step, columns.positions].astype(np.float64)
            block = np.zeros((self._ion_count, len(picked)))
            with np.errstate(over="ignore", invalid="ignore"):  # infinite or NaN where the file's numbers are
                block[columns.ions] = np.add.reduceat(picked, columns.starts, axis=1).T
            first = chunk.spectra.start + start
            yield slice(first, first + len(picked)), block


@dataclass(frozen=True, eq=False)
class _Columns:
    """Points of a shared m/z axis, ion after ion.

    Attributes
    ----------
    positions
        (M,) points of the axis.
    ions, starts
        (I,) each: an ion, and where its points begin in `positions`.
    """

    positions: npt.NDArray[np.intp]
    ions: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]


def _arrange(hits: Hits) -> _Columns:
    positions, ions = hits
    order = np.argsort(ions, kind="stable")
    positions, ions = positions[order], ions[order]
    starts = np.flatnonzero(np.diff(ions, prepend=-1))
    return _Columns(positions, ions[starts], starts)


def _add(table: Intensities, pixels: npt.NDArray[np.intp], block: Block) -> None:
    """Add sums to the pixels of their spectra; what overflows float32 becomes infinite."""
    first = int(pixels[0])
    with np.errstate(over="ignore", invalid="ignore"):
        if (pixels == np.arange(first, first + len(pixels))).all():
            table[:, first : first + len(pixels)] += block
        else:
            for column, pixel in enumerate(pixels):
                table[:, pixel] += block[:, column]
