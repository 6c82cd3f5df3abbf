"""What an imzML file declares, as it is: some of it may contradict the rest, or the .ibd file."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.imzml.array_format import ArrayDescription
from shared.imzml.representation import RepresentationClaims

Column = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DeclaredLayout:
    """The m/z or the intensity arrays of all spectra.

    Attributes
    ----------
    description
        Their kind, number format and compression.
    offsets
        (S,) first byte of each spectrum's array.
    lengths
        (S,) number of values; 0 for a spectrum without arrays.
    encoded_lengths
        (S,) size in the file, bytes; -1 where that is not declared.
    """

    description: ArrayDescription
    offsets: Column
    lengths: Column
    encoded_lengths: Column


@dataclass(frozen=True, eq=False)
class DeclaredIndex:
    """The declarations of an imzML file.

    Attributes
    ----------
    file_name
        For error messages.
    header
        Accession -> value, of cvParams outside the spectra.
    representation
        Whether spectra are declared as centroids or profiles.
    spectrum_count
        Count attribute of the list of spectra, as text; None where there is none.
    coordinates
        (S, 3) positions x, y, z; z is 1 where none is.
    mz, intensity
        The arrays of the S spectra.
    notes
        What was used where the file contradicts itself.
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
