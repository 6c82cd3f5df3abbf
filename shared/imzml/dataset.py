"""An imzML dataset, opened: its pixels are known, its ion images and peaks can be asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shared.files.foreign_file import OpenedFile
from shared.imzml.chunk_plan import order_as_stored
from shared.imzml.contradictions import describe_contradictions
from shared.imzml.extraction import extract_intensities
from shared.imzml.ibd_file import open_ibd_file
from shared.imzml.index import ImzmlIndex
from shared.imzml.index_reader import read_index
from shared.imzml.index_resolution import resolve_index
from shared.imzml.intensity_table import ions_per_table, open_intensity_table
from shared.imzml.mass_windows import make_mass_windows
from shared.imzml.peak_picking import PickedPeaks, pick_peaks
from shared.imzml.pixel_grid import PixelGrid, make_pixel_grid, select_plane
from shared.imzml.progress import ProgressCallback, ignore_progress
from shared.ion_image import Intensities
from shared.limits import Limits


@dataclass(frozen=True, eq=False)
class ImzmlDataset:
    """One plane of an imzML file."""

    ibd: Path | OpenedFile
    """A path of one's own, or what was opened of a foreign one."""
    index: ImzmlIndex
    """Its spectra, in the order in which the .ibd file has them."""
    grid: PixelGrid
    limits: Limits
    notes: tuple[str, ...] = ()
    """What was believed where the two files contradict themselves, one sentence each."""

    def extract(
        self, mz: npt.NDArray[np.float64], ppm: float, watch: ProgressCallback = ignore_progress
    ) -> Iterator[tuple[int, Intensities]]:
        """Yield the intensities of all ions, one after the other, from one pass over the spectra.

        As many ions as fit into `intensity_table.MAX_BYTES` come from one pass, which is nearly always all.

        Parameters
        ----------
        mz
            (N,) Th, > 0 and finite, in any order.
        ppm
            Half width of the windows, parts per million.

        Yields
        ------
        ion, intensities
            Its number, 0 to N - 1, and (H, W) float32: the sum of all peaks in its window, over all scans of a pixel,
            and 0 where there is no spectrum. NaN, infinite or negative where the file's numbers lead there.
        """
        most = ions_per_table(self.grid.pixel_count)
        for start in range(0, len(mz), most):
            part = mz[start : start + most]
            with open_intensity_table(len(part), self.grid.pixel_count) as table:
                with open_ibd_file(self.ibd, self.index, self.limits) as ibd:
                    windows = make_mass_windows(part, ppm)
                    extract_intensities(self.index, self.grid.pixel_of_spectrum, ibd, windows, table, watch)
                for number, row in enumerate(table):
                    yield start + number, self.grid.spread(row)

    def pick_peaks(self, ppm: float, most: int, watch: ProgressCallback = ignore_progress) -> PickedPeaks:
        """The most intense peaks of the mean spectrum, see `shared.imzml.peak_picking`."""
        with open_ibd_file(self.ibd, self.index, self.limits) as ibd:
            return pick_peaks(self.index, ibd, ppm, most, watch)


def open_imzml(
    imzml: Path | OpenedFile,
    ibd: Path | OpenedFile,
    limits: Limits,
    z: int | None = None,
    watch: ProgressCallback = ignore_progress,
) -> ImzmlDataset:
    """Open an imzML file and look whether its .ibd file can be its own.

    Parameters
    ----------
    imzml, ibd
        Paths of one's own, or what was opened of foreign ones; the dataset reads the latter for as long as it is used.
    z
        Which plane of a 3-D file; None for a file that has one.

    Raises
    ------
    InvalidIonImageError
        When either file is damaged or no such file, they do not belong together, or `z` names no single plane.
    NotFoundError
        When one of them is no regular file.
    TooLargeError
        When bytes, spectra or pixels exceed `limits`.
    OSError
        When one of them cannot be opened or read.
    """
    stated = read_index(imzml, limits, watch)
    settled = resolve_index(stated, ibd, limits, watch)
    index = order_as_stored(select_plane(settled, z))
    grid = make_pixel_grid(index, limits)
    with open_ibd_file(ibd, index, limits):
        notes = (*index.notes, *describe_contradictions(stated, index, grid))
        return ImzmlDataset(ibd, index, grid, limits, notes)
