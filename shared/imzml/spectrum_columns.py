"""The numbers that an imzML file states of each spectrum, gathered one spectrum after the other."""

import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from shared.errors import InvalidIonImageError
from shared.imzml.array_format import ArrayDescription, ArrayFormat, ArrayKind
from shared.imzml.index import ArrayLayout, Column, ImzmlIndex, unwrap_offsets

UUID = "IMS:1000080"
CENTROID, PROFILE = "MS:1000127", "MS:1000128"
POSITION_X, POSITION_Y, POSITION_Z = "IMS:1000050", "IMS:1000051", "IMS:1000052"
OFFSET, LENGTH, ENCODED_LENGTH = "IMS:1000102", "IMS:1000103", "IMS:1000104"

_NAMES: Final = {
    POSITION_X: "position x",
    POSITION_Y: "position y",
    POSITION_Z: "position z",
    OFFSET: "external offset",
    LENGTH: "external array length",
    ENCODED_LENGTH: "external encoded length",
}


@dataclass(frozen=True)
class StatedArray:
    """What is said of one array of one spectrum."""

    description: ArrayDescription
    numbers: dict[str, str]
    """Accession -> number as text."""


@dataclass
class ArrayColumns:
    """Format, and three columns of 64-bit numbers."""

    description: ArrayDescription
    format: ArrayFormat
    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    lengths: "array[int]" = field(default_factory=lambda: array("q"))
    encoded_lengths: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, numbers: dict[str, str]) -> None:
        """Add one spectrum's; KeyError, ValueError or OverflowError when a number is missing or is none."""
        self.offsets.append(int(numbers[OFFSET]))
        self.lengths.append(int(numbers[LENGTH]))
        if self.format.zlib:
            self.encoded_lengths.append(int(numbers[ENCODED_LENGTH]))

    def layout(self) -> ArrayLayout:
        """The columns as arrays."""
        lengths = _as_column(self.lengths)
        encoded = _as_column(self.encoded_lengths) if self.format.zlib else lengths * self.format.item_bytes
        return ArrayLayout(self.format, unwrap_offsets(_as_column(self.offsets)), lengths, encoded)


@dataclass
class SpectrumColumns:
    """All columns of all spectra read so far."""

    file_name: str
    positions: "array[int]" = field(default_factory=lambda: array("q"))
    arrays: dict[ArrayKind, ArrayColumns] = field(default_factory=dict)
    count: int = 0
    first_stated: dict[str, str] = field(default_factory=dict)
    """Accession -> value, of what the first spectrum states beside its arrays."""

    def add(self, position: dict[str, str], arrays: Sequence[StatedArray]) -> None:
        """Add one spectrum.

        Raises
        ------
        InvalidIonImageError
            When a number is missing or is none, or the spectra differ in format.
        """
        self.count += 1
        if len(arrays) != 2 or arrays[0].description.kind == arrays[1].description.kind:
            raise InvalidIonImageError(
                f"spectrum {self.count} of {self.file_name!r} has not one m/z array and one intensity array; right"
                " would be one of each, kept in an .ibd file"
            )
        if self.count == 1:
            self.first_stated = position
        try:
            self.positions.append(int(position[POSITION_X]))
            self.positions.append(int(position[POSITION_Y]))
            self.positions.append(int(position.get(POSITION_Z) or 1))
            for stated in arrays:
                self._find(stated.description).add(stated.numbers)
        except (KeyError, ValueError, OverflowError) as error:
            raise InvalidIonImageError(self._describe_bad_number(position, arrays)) from error

    def index(self, header: Mapping[str, str]) -> ImzmlIndex:
        """All spectra, as arrays.

        Parameters
        ----------
        header
            Accession -> value, of what is stated outside the spectra.

        Raises
        ------
        InvalidIonImageError
            When there is none.
        """
        if self.count == 0:
            raise InvalidIonImageError(f"{self.file_name!r} has no spectrum; right would be one a pixel")
        stated = self.first_stated.keys() | header.keys()
        return ImzmlIndex(
            file_name=self.file_name,
            uuid=_normalise_uuid(header.get(UUID)),
            is_centroid=CENTROID in stated and PROFILE not in stated,
            numbers=np.arange(1, self.count + 1),
            coordinates=_as_column(self.positions).reshape(-1, 3),
            mz=self.arrays["m/z"].layout(),
            intensity=self.arrays["intensity"].layout(),
        )

    def _find(self, description: ArrayDescription) -> ArrayColumns:
        """The columns of arrays of this kind, which all have one format."""
        kind = description.kind or "intensity"
        columns = self.arrays.get(kind)
        if columns is None:
            columns = self.arrays[kind] = ArrayColumns(description, description.format(self.file_name))
        if columns.description is not description and columns.description != description:
            raise InvalidIonImageError(
                f"{self.file_name!r} has {kind} arrays of different number formats or compressions; right would be one"
                " for all spectra"
            )
        return columns

    def _describe_bad_number(self, position: dict[str, str], arrays: Sequence[StatedArray]) -> str:
        """Name the first number of the last spectrum that is missing or is none."""
        numbers = [(accession, position.get(accession)) for accession in (POSITION_X, POSITION_Y)]
        numbers += [(POSITION_Z, position.get(POSITION_Z) or "1")]
        numbers += [(accession, one.numbers.get(accession)) for one in arrays for accession in (OFFSET, LENGTH)]
        numbers += [(ENCODED_LENGTH, one.numbers.get(ENCODED_LENGTH)) for one in arrays if one.description.zlib]
        accession, text = next((name, text) for name, text in numbers if not _is_number(text))
        found = f"has the {_NAMES[accession]} {text[:30]!r}" if text else f"does not say its {_NAMES[accession]}"
        return (
            f"spectrum {self.count} of {self.file_name!r} {found}; right would be a whole number in {accession},"
            " below 2**63"
        )


def _normalise_uuid(text: str | None) -> str | None:
    """32 lower-case hexadecimal digits, or None when they are not stated."""
    digits = (text or "").strip("{} ").replace("-", "").lower()
    return digits if re.fullmatch("[0-9a-f]{32}", digits) else None


def _is_number(text: str | None) -> bool:
    try:
        return text is not None and abs(int(text)) < 2**63
    except ValueError:
        return False


def _as_column(numbers: "array[int]") -> Column:
    return np.frombuffer(numbers, dtype=np.int64) if numbers else np.empty(0, dtype=np.int64)
