"""Some spectra of an imzML file with their numbers."""

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.imzml.chunk_plan import plan_chunks, share_mz
from shared.imzml.ibd_file import IbdFile
from shared.imzml.index import ImzmlIndex


@dataclass(frozen=True, eq=False)
class SpectrumChunk:
    """Spectra that were read together.

    Attributes
    ----------
    spectra
        Their range in the index.
    lengths
        (n,) number of points of each.
    mz
        (L,) m/z, Th, where all of them share one array; else (K,), concatenated.
    intensities
        (n, L) where they share m/z; else (K,).
    """

    spectra: slice
    lengths: npt.NDArray[np.int64]
    mz: npt.NDArray[Any]
    intensities: npt.NDArray[Any]

    @property
    def shares_mz(self) -> bool:
        """Whether all spectra share one m/z array."""
        return self.intensities.ndim == 2


def read_chunks(index: ImzmlIndex, ibd: IbdFile, max_spectra: int) -> Iterator[SpectrumChunk]:
    """Read all spectra once, in the order of the index; consecutive chunks that share their m/z get the same array."""
    shared_array, shared_mz = (-1, -1), np.empty(0)
    for spectra in plan_chunks(index, max_spectra):
        lengths = index.mz.lengths[spectra]
        if not share_mz(index, spectra):
            mz, intensities = ibd.read_numbers((index.mz, index.intensity), spectra)
            yield SpectrumChunk(spectra, lengths, mz, intensities)
            continue
        array = (int(index.mz.offsets[spectra.start]), int(lengths[0]))
        if array != shared_array:
            first = slice(spectra.start, spectra.start + 1)
            shared_array, (shared_mz,) = array, ibd.read_numbers((index.mz,), first)
        (intensities,) = ibd.read_numbers((index.intensity,), spectra)
        yield SpectrumChunk(spectra, lengths, shared_mz, intensities.reshape(len(lengths), lengths[0]))


def prefetch_chunks(chunks: Iterable[SpectrumChunk]) -> Generator[SpectrumChunk]:
    """Yield the chunks, each read in a second thread while the one before is processed; its errors are raised here."""
    iterator = iter(chunks)
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch-chunks") as executor:
        pending = executor.submit(next, iterator, end)
        while (chunk := pending.result()) is not end:
            pending = executor.submit(next, iterator, end)
            yield chunk  # type: ignore[misc]  # not `end`
