"""An opened imzML dataset: its pixels, ion images and peaks."""

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
from shared.ion_image import Intensities
from shared.limits import Limits
from shared.progress import ProgressCallback, ignore_progress


@dataclass(frozen=True, eq=False)
class ImzmlDataset:
    """One plane of an imzML file."""

    ibd: Path | OpenedFile
    """A trusted path, or an untrusted file that is already open."""
    index: ImzmlIndex
    """Its spectra, in the order of the .ibd file."""
    grid: PixelGrid
    limits: Limits
    notes: tuple[str, ...] = ()
    """What was used where the two files contradict themselves, one sentence each."""

    def extract(
        self, mz: npt.NDArray[np.float64], ppm: float, on_progress: ProgressCallback = ignore_progress
    ) -> Iterator[tuple[int, Intensities]]:
        """Yield the intensities of each ion in turn, from one pass over the spectra.

        Several passes are made only when the ions do not fit into `intensity_table.MAX_BYTES`.

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
            and 0 where there is no spectrum. NaN, infinite or negative where the file's numbers are.
        """
        ions_per_pass = ions_per_table(self.grid.pixel_count)
        for start in range(0, len(mz), ions_per_pass):
            part = mz[start : start + ions_per_pass]
            with open_intensity_table(len(part), self.grid.pixel_count) as table:
                with open_ibd_file(self.ibd, self.index, self.limits) as ibd:
                    windows = make_mass_windows(part, ppm)
                    extract_intensities(self.index, self.grid.pixel_of_spectrum, ibd, windows, table, on_progress)
                for number, row in enumerate(table):
                    yield start + number, self.grid.to_image(row)

    def pick_peaks(self, ppm: float, most: int, on_progress: ProgressCallback = ignore_progress) -> PickedPeaks:
        """The most intense peaks of the mean spectrum, see `shared.imzml.peak_picking`."""
        with open_ibd_file(self.ibd, self.index, self.limits) as ibd:
            return pick_peaks(self.index, ibd, ppm, most, on_progress)


def open_imzml(
    imzml: Path | OpenedFile,
    ibd: Path | OpenedFile,
    limits: Limits,
    z: int | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> ImzmlDataset:
    """Open an imzML file and check that its .ibd file belongs to it.

    Parameters
    ----------
    imzml, ibd
        Trusted paths, or untrusted files that are already open; those must stay open while the dataset is used.
    z
        Which plane of a 3-D file; None for a file that has one.

    Raises
    ------
    InvalidIonImageError
        When either file is damaged or of another kind, they do not belong together, or `z` does not select one plane.
    NotFoundError
        When one of them is not a regular file.
    TooLargeError
        When bytes, spectra or pixels exceed `limits`.
    OSError
        When one of them cannot be opened or read.
    """
    declared = read_index(imzml, limits, on_progress)
    resolved = resolve_index(declared, ibd, limits, on_progress)
    index = order_as_stored(select_plane(resolved, z))
    grid = make_pixel_grid(index, limits)
    with open_ibd_file(ibd, index, limits):
        notes = (*index.notes, *describe_contradictions(declared, index, grid))
        return ImzmlDataset(ibd, index, grid, limits, notes)
