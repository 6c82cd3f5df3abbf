"""The spectra of an imzML file: where each was measured, and where its numbers are stored."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidIonImageError
from shared.imzml.array_format import ArrayFormat

Column = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_ZLIB_FRAME_BYTES = 1024
"""More than zlib may add to numbers that it cannot compress."""


@dataclass(frozen=True, eq=False)
class ArrayLayout:
    """The m/z or the intensity arrays of all spectra, as stored in the .ibd file.

    Attributes
    ----------
    format
        Number format and compression.
    offsets
        (S,) first byte of each spectrum's array.
    lengths
        (S,) number of values.
    encoded_lengths
        (S,) size in the file, bytes.
    """

    format: ArrayFormat
    offsets: Column
    lengths: Column
    encoded_lengths: Column

    def select(self, spectra: npt.NDArray[np.intp]) -> "ArrayLayout":
        """The layout of some spectra, in the order given."""
        return ArrayLayout(self.format, self.offsets[spectra], self.lengths[spectra], self.encoded_lengths[spectra])


@dataclass(frozen=True, eq=False)
class ImzmlIndex:
    """An imzML file whose contradictions are resolved.

    Attributes
    ----------
    file_name
        For error messages.
    uuid
        32 hexadecimal digits that the .ibd file must begin with, or None when none are declared.
    is_centroid
        Whether the spectra are declared as centroids, not profiles; None where the declarations contradict each other.
    numbers
        (S,) which spectrum of the file each is, from 1; for error messages.
    coordinates
        (S, 3) positions x, y, z as declared; z is 1 where none is.
    mz, intensity
        The arrays of the S spectra.
    notes
        What was used where the two files contradict themselves.
    """

    file_name: str
    uuid: str | None
    is_centroid: bool | None
    numbers: Column
    coordinates: npt.NDArray[np.int64]
    mz: ArrayLayout
    intensity: ArrayLayout
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.coordinates)

    def select(self, spectra: npt.NDArray[np.intp]) -> "ImzmlIndex":
        """The index of some spectra, in the order given."""
        return replace(
            self,
            numbers=self.numbers[spectra],
            coordinates=self.coordinates[spectra],
            mz=self.mz.select(spectra),
            intensity=self.intensity.select(spectra),
        )


def unwrap_offsets(offsets: Column) -> Column:
    """Restore offsets above 2 GiB that a writer stored as signed 32-bit numbers: each wrap below 0 adds 2**32.

    pyimzml does the same.
    """
    wrapped = (offsets[1:] < 0) & (offsets[:-1] >= 0)
    unwrapped = offsets.copy()
    unwrapped[1:] += np.cumsum(wrapped) * 2**32
    return unwrapped


def require_whole(index: ImzmlIndex, ibd_bytes: int, max_points: int) -> None:
    """Refuse arrays that are outside an .ibd file of this size or overlap each other.

    Raises
    ------
    InvalidIonImageError
        When there are any; the message names the first spectrum.
    """
    lengths = index.mz.lengths
    fitting = (lengths == index.intensity.lengths) & (lengths >= 0) & (lengths <= max_points)
    if not fitting.all():
        first = int(np.flatnonzero(~fitting)[0])
        raise InvalidIonImageError(
            f"spectrum {index.numbers[first]} of {index.file_name!r} has {lengths[first]:,} m/z and"
            f" {index.intensity.lengths[first]:,} intensities; expected the same number, at most {max_points:,}"
        )
    filled = lengths > 0
    for kind, layout, other in (("m/z", index.mz, index.intensity), ("intensity", index.intensity, index.mz)):
        _refuse(
            index, kind, layout, filled & ~_is_inside(layout, ibd_bytes),
            f"expected it within the {ibd_bytes:,} bytes of its .ibd file (is that truncated?)",
        )  # fmt: skip
        _refuse(
            index, kind, layout, filled & _overlaps(layout, other, filled), "expected no overlap with another array"
        )


def _refuse(index: ImzmlIndex, kind: str, layout: ArrayLayout, wrong: Bools, why: str) -> None:
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise InvalidIonImageError(
            f"{index.file_name!r} declares the {kind} array of spectrum {index.numbers[first]} at byte"
            f" {layout.offsets[first]:,}, {layout.encoded_lengths[first]:,} bytes long; {why}"
        )


def _is_inside(layout: ArrayLayout, ibd_bytes: int) -> Bools:
    """(S,) whether each array is inside the file and no larger than its numbers can be."""
    inside: Bools = (layout.offsets >= 0) & (layout.offsets <= ibd_bytes)
    inside &= (layout.encoded_lengths > 0) & (layout.encoded_lengths <= ibd_bytes - layout.offsets)
    return inside & (layout.encoded_lengths <= 2 * layout.lengths * layout.format.item_bytes + _ZLIB_FRAME_BYTES)


def _overlaps(layout: ArrayLayout, other: ArrayLayout, filled: Bools) -> Bools:
    """(S,) whether each array overlaps one of the other kind; arrays of one kind may share their bytes."""
    begins = np.unique(other.offsets[filled])
    following = np.append(begins, np.iinfo(np.int64).max)[np.searchsorted(begins, layout.offsets)]
    return np.asarray(layout.offsets + layout.encoded_lengths > following)
