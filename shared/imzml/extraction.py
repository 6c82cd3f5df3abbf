"""Ion images from spectra: every spectrum is read once, for all ions together."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from shared.imzml.ibd_file import IbdFile
from shared.imzml.index import ImzmlIndex
from shared.imzml.mass_windows import MassWindows
from shared.imzml.reading_ahead import read_ahead
from shared.imzml.spectrum_chunk import SpectrumChunk, read_chunks
from shared.imzml.work_watch import WorkWatch
from shared.ion_image import Intensities

_BLOCK_VALUES: Final = 2**20
"""Sums (ions x spectra) held at once, beside the table: 8 MiB."""

Block = npt.NDArray[np.float64]


def extract_intensities(
    index: ImzmlIndex,
    pixel_of_spectrum: npt.NDArray[np.intp],
    ibd: IbdFile,
    windows: MassWindows,
    table: Intensities,
    watch: WorkWatch,
) -> None:
    """Add up, for each ion and pixel, the intensities of all peaks in the ion's window, over all scans of the pixel.

    Parameters
    ----------
    pixel_of_spectrum
        (S,) column of `table` that each spectrum belongs to.
    table
        (N, P) float32, zeros; row = ion. Sums are made in float64 and kept in float32.
    """
    ion_count = len(table)
    blocks = _Blocks(windows, ion_count)
    with closing(read_ahead(read_chunks(index, ibd, max(1, _BLOCK_VALUES // ion_count)))) as chunks:
        for chunk in chunks:
            for spectra, block in blocks.sum_windows(chunk):
                _add(table, pixel_of_spectrum[spectra], block)
            watch("extracting ion images from spectra", chunk.spectra.stop, len(index))


class _Blocks:
    """Sums over windows, (ions, spectra) float64, of one chunk after the other."""

    def __init__(self, windows: MassWindows, ion_count: int) -> None:
        self._windows = windows
        self._ion_count = ion_count
        self._shared_mz: npt.NDArray[np.generic] | None = None
        self._positions = self._ions = self._starts = np.empty(0, dtype=np.intp)

    def sum_windows(self, chunk: SpectrumChunk) -> Iterator[tuple[slice, Block]]:
        if chunk.shares_mz:
            yield from self._sum_shared(chunk)
            return
        positions, ions = self._windows.match(chunk.mz)
        count = len(chunk.lengths)
        spectrum = np.repeat(np.arange(count), chunk.lengths)[positions]
        weights = chunk.intensities[positions].astype(np.float64)
        sums: Any = np.bincount(ions * count + spectrum, weights=weights, minlength=self._ion_count * count)
        yield chunk.spectra, sums.reshape(self._ion_count, count)

    def _sum_shared(self, chunk: SpectrumChunk) -> Iterator[tuple[slice, Block]]:
        """All spectra have their peaks at the same places: find those once, and pick columns."""
        if chunk.mz is not self._shared_mz:
            self._match_shared(chunk.mz)
        if not len(self._positions):
            return
        count = len(chunk.lengths)
        step = max(1, _BLOCK_VALUES // len(self._positions))
        for start in range(0, count, step):
            picked = chunk.intensities[start : start + step, self._positions].astype(np.float64)
            block = np.zeros((self._ion_count, len(picked)))
            block[self._ions[self._starts]] = np.add.reduceat(picked, self._starts, axis=1).T
            first = chunk.spectra.start + start
            yield slice(first, first + len(picked)), block

    def _match_shared(self, mz: npt.NDArray[np.generic]) -> None:
        positions, ions = self._windows.match(mz)
        order = np.argsort(ions, kind="stable")
        self._shared_mz, self._positions, self._ions = mz, positions[order], ions[order]
        self._starts = np.flatnonzero(np.diff(self._ions, prepend=-1))


def _add(table: Intensities, pixels: npt.NDArray[np.intp], block: Block) -> None:
    """Add sums to the pixels of their spectra."""
    first = int(pixels[0])
    if (pixels == np.arange(first, first + len(pixels))).all():
        table[:, first : first + len(pixels)] += block
    else:
        for column, pixel in enumerate(pixels):
            table[:, pixel] += block[:, column]
