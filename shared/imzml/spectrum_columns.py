"""The numbers that an imzML file declares for each spectrum, collected spectrum by spectrum."""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import numpy as np

from shared.errors import InvalidIonImageError
from shared.imzml.accessions import ENCODED_LENGTH, LENGTH, NAMES, OFFSET, POSITION_X, POSITION_Y, POSITION_Z
from shared.imzml.array_format import NOTHING_DECLARED, ArrayDescription, ArrayKind
from shared.imzml.declared_index import Column, DeclaredIndex, DeclaredLayout
from shared.imzml.index import unwrap_offsets
from shared.imzml.representation import RepresentationClaims

_SCIENTIFIC: Final = re.compile(r"\s*[+-]?\d{1,30}(?:\.\d{0,30})?(?:[eE][+-]?\d{1,2})?\s*")
_BOTH: Final = frozenset(("m/z", "intensity"))


@dataclass(frozen=True)
class DeclaredArray:
    """The declarations of one array of one spectrum."""

    description: ArrayDescription
    numbers: dict[str, str]
    """Accession -> number as text."""


@dataclass
class ArrayColumns:
    """Three columns of 64-bit numbers, and the description of the arrays."""

    description: ArrayDescription = NOTHING_DECLARED
    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    lengths: "array[int]" = field(default_factory=lambda: array("q"))
    encoded_lengths: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, numbers: dict[str, str]) -> None:
        """Add those of one spectrum; KeyError, ValueError or OverflowError when one is missing or not a number."""
        offset, length, encoded = numbers[OFFSET], numbers[LENGTH], numbers.get(ENCODED_LENGTH) or "-1"
        try:
            found = int(offset), int(length), int(encoded)
        except ValueError:  # rare, so it may be slow
            found = read_whole(offset), read_whole(length), read_whole(encoded)
        self.offsets.append(found[0])
        self.lengths.append(found[1])
        self.encoded_lengths.append(found[2])

    def add_empty(self) -> None:
        """Add a spectrum without arrays."""
        for column in (self.offsets, self.lengths, self.encoded_lengths):
            column.append(0)

    def layout(self) -> DeclaredLayout:
        """The columns as arrays."""
        offsets = unwrap_offsets(_as_column(self.offsets))
        return DeclaredLayout(self.description, offsets, _as_column(self.lengths), _as_column(self.encoded_lengths))


@dataclass
class SpectrumColumns:
    """All columns of all spectra read so far."""

    file_name: str
    positions: "array[int]" = field(default_factory=lambda: array("q"))
    arrays: dict[ArrayKind, ArrayColumns] = field(
        default_factory=lambda: {"m/z": ArrayColumns(), "intensity": ArrayColumns()}
    )
    count: int = 0
    empty_count: int = 0
    """Number of spectra without arrays."""
    first_empty: int = 0
    """Number of the first of them, from 1."""
    _pair: tuple[ArrayDescription, ArrayDescription] = (NOTHING_DECLARED, NOTHING_DECLARED)
    """Descriptions of the last spectrum's arrays, which nearly always are those of the next one."""
    _pair_columns: tuple[ArrayColumns, ...] = ()

    def add(self, position: dict[str, str], arrays: Sequence[DeclaredArray], *, has_others: bool) -> None:
        """Add one spectrum; one without any array was measured and is empty.

        Parameters
        ----------
        arrays
            Its arrays of m/z and intensities.
        has_others
            Whether it has arrays of other kinds.

        Raises
        ------
        InvalidIonImageError
            When a number is missing or invalid, or the spectra differ in format.
        """
        self.count += 1
        try:
            self.positions.append(read_whole(position[POSITION_X]))
            self.positions.append(read_whole(position[POSITION_Y]))
            self.positions.append(read_whole(position.get(POSITION_Z) or "1"))
            if arrays or has_others:
                first, second = self._find_columns(arrays)
                first.add(arrays[0].numbers)
                second.add(arrays[1].numbers)
            else:
                self._add_empty()
        except (KeyError, ValueError, OverflowError) as error:
            raise InvalidIonImageError(self._describe_bad_number(position, arrays)) from error

    def index(
        self,
        header: dict[str, str],
        representation: RepresentationClaims,
        spectrum_count: str | None,
        notes: Sequence[str],
    ) -> DeclaredIndex:
        """All spectra, as arrays.

        Raises
        ------
        InvalidIonImageError
            When there is no spectrum, or none with arrays.
        """
        if self.count == self.empty_count:
            what = "spectrum with arrays" if self.count else "spectrum"
            raise InvalidIonImageError(f"{self.file_name!r} has no {what}; expected one spectrum a pixel")
        return DeclaredIndex(
            file_name=self.file_name,
            header=header,
            representation=representation,
            spectrum_count=spectrum_count,
            coordinates=_as_column(self.positions).reshape(-1, 3),
            mz=self.arrays["m/z"].layout(),
            intensity=self.arrays["intensity"].layout(),
            notes=(*notes, *self._describe_empty()),
        )

    def _find_columns(self, arrays: Sequence[DeclaredArray]) -> tuple[ArrayColumns, ...]:
        """The columns that each array belongs to."""
        pair = self._pair
        if len(arrays) != 2:
            raise self._not_one_of_each()
        if arrays[0].description is not pair[0] or arrays[1].description is not pair[1]:
            self._pair = (arrays[0].description, arrays[1].description)
            self._pair_columns = tuple(
                self._require_one_format(kind, description)
                for kind, description in zip(self._find_kinds(self._pair), self._pair, strict=True)
            )
        return self._pair_columns

    def _find_kinds(self, pair: tuple[ArrayDescription, ArrayDescription]) -> tuple[ArrayKind, ArrayKind]:
        """Which array is m/z and which intensity; one that is declared as both is what the other is not."""
        first, second = (frozenset(description.kinds) for description in pair)
        if len(first) == 1 and _BOTH - first <= second:
            return ("m/z", "intensity") if "m/z" in first else ("intensity", "m/z")
        if len(second) == 1 and _BOTH - second <= first:
            return ("intensity", "m/z") if "m/z" in second else ("m/z", "intensity")
        raise self._not_one_of_each()

    def _require_one_format(self, kind: ArrayKind, description: ArrayDescription) -> ArrayColumns:
        columns = self.arrays[kind]
        known = columns.description
        if known is NOTHING_DECLARED:
            description.require_supported(self.file_name, kind)
            columns.description = description
        elif known is not description and known != description:
            raise InvalidIonImageError(
                f"{self.file_name!r} has {kind} arrays of different number formats or compressions; expected the"
                " same for all spectra"
            )
        return columns

    def _not_one_of_each(self) -> InvalidIonImageError:
        return InvalidIonImageError(
            f"spectrum {self.count} of {self.file_name!r} does not have one m/z array and one intensity array;"
            " expected one of each, stored in an .ibd file"
        )

    def _add_empty(self) -> None:
        self.empty_count += 1
        for columns in self.arrays.values():
            columns.add_empty()
        self.first_empty = self.first_empty or self.count

    def _describe_empty(self) -> list[str]:
        if not self.empty_count:
            return []
        return [
            f"{self.empty_count:,} of {self.count:,} spectra have no arrays (first: {self.first_empty}): read as empty"
        ]

    def _describe_bad_number(self, position: dict[str, str], arrays: Sequence[DeclaredArray]) -> str:
        """Name the first number of the last spectrum that is missing or invalid."""
        numbers = [(accession, position.get(accession)) for accession in (POSITION_X, POSITION_Y)]
        numbers += [(POSITION_Z, position.get(POSITION_Z) or "1")]
        numbers += [(accession, one.numbers.get(accession)) for one in arrays for accession in (OFFSET, LENGTH)]
        numbers += [(ENCODED_LENGTH, one.numbers.get(ENCODED_LENGTH) or "-1") for one in arrays]
        accession, text = next((name, text) for name, text in numbers if not _is_number(text))
        found = f"has the {NAMES[accession]} {text[:30]!r}" if text else f"does not declare its {NAMES[accession]}"
        return (
            f"spectrum {self.count} of {self.file_name!r} {found}; expected a whole number in {accession}, below 2**63"
        )


def read_whole(text: str) -> int:
    """Read a whole number, also as R writes it (1e+05); ValueError for anything else."""
    try:
        return int(text)
    except ValueError:
        found = Decimal(text) if _SCIENTIFIC.fullmatch(text) else Decimal("0.5")
        if found != found.to_integral_value():
            raise
        return int(found)


def _is_number(text: str | None) -> bool:
    try:
        return text is not None and -(2**63) <= read_whole(text) < 2**63
    except ValueError:
        return False


def _as_column(numbers: "array[int]") -> Column:
    return np.frombuffer(numbers, dtype=np.int64) if numbers else np.empty(0, dtype=np.int64)
