"""Which spectra are read together, so that memory is bounded whatever a file holds."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from shared.imzml.index import ImzmlIndex

CHUNK_POINTS = 2**17
"""Points (an m/z with its intensity) of a chunk of several spectra: a megabyte or two, near the core's cache."""


def order_as_stored(index: ImzmlIndex) -> ImzmlIndex:
    """The spectra in the order of their intensities in the file."""
    offsets = index.intensity.offsets
    if (offsets[1:] >= offsets[:-1]).all():
        return index
    return index.select(np.argsort(offsets, kind="stable"))


def plan_chunks(index: ImzmlIndex, max_spectra: int) -> Iterator[slice]:
    """Divide the spectra into runs of consecutive ones.

    A run has at most `CHUNK_POINTS` points, or is one spectrum; has at most `max_spectra` spectra; and either all its
    spectra share one m/z array (as in continuous mode) or the run is cut without regard to that.
    """
    ends = np.cumsum(index.mz.lengths)
    shared_until = _shared_until(index)
    start = 0
    while start < len(index):
        before = int(ends[start] - index.mz.lengths[start])
        fitting = int(np.searchsorted(ends, before + CHUNK_POINTS, side="right"))
        stop = max(start + 1, min(fitting, start + max_spectra))
        if shared_until[start] > start + 1:
            stop = min(stop, int(shared_until[start]))
        yield slice(start, stop)
        start = stop


def share_mz(index: ImzmlIndex, spectra: slice) -> bool:
    """Whether all of these spectra refer to the same m/z array."""
    offsets, lengths = index.mz.offsets[spectra], index.mz.lengths[spectra]
    return bool((offsets == offsets[0]).all() and (lengths == lengths[0]).all())


def _shared_until(index: ImzmlIndex) -> npt.NDArray[np.intp]:
    """(S,) for each spectrum, the next one with another m/z array."""
    offsets, lengths = index.mz.offsets, index.mz.lengths
    changes = np.flatnonzero((offsets[1:] != offsets[:-1]) | (lengths[1:] != lengths[:-1])) + 1
    bounds = np.append(changes, len(index))
    found: npt.NDArray[np.intp] = bounds[np.searchsorted(bounds, np.arange(len(index)), side="right")]
    return found
