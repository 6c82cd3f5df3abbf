"""What an imzML file states, word for word: some of it may contradict the rest, or the .ibd file."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.imzml.array_format import ArrayDescription
from shared.imzml.representation import RepresentationClaims

Column = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DeclaredLayout:
    """One sort of array (m/z or intensity) of all spectra.

    Attributes
    ----------
    description
        What is claimed of its numbers.
    offsets
        (S,) first byte of each spectrum's array.
    lengths
        (S,) how many numbers it has; 0 for a spectrum without arrays.
    encoded_lengths
        (S,) how many bytes it takes in the file; -1 where that is not stated.
    """

    description: ArrayDescription
    offsets: Column
    lengths: Column
    encoded_lengths: Column


@dataclass(frozen=True, eq=False)
class DeclaredIndex:
    """An imzML file, read.

    Attributes
    ----------
    file_name
        For error sentences.
    header
        Accession -> value, of what is stated outside the spectra.
    representation
        Whether spectra are called centroids or profiles.
    spectrum_count
        Count attribute of the list of spectra, as text; None where there is none.
    coordinates
        (S, 3) positions x, y, z; z is 1 where none is.
    mz, intensity
        The arrays of the S spectra.
    notes
        What was believed while it was read.
    """

    file_name: str
    header: dict[str, str]
    representation: RepresentationClaims
    spectrum_count: str | None
    coordinates: npt.NDArray[np.int64]
    mz: DeclaredLayout
    intensity: DeclaredLayout
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.coordinates)
