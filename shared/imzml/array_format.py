"""Number format and compression of the m/z or intensity arrays, and what an imzML file declares about them."""

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidIonImageError

ArrayKind = Literal["m/z", "intensity"]

_KINDS: Final[dict[str, ArrayKind]] = {"MS:1000514": "m/z", "MS:1000515": "intensity"}
_NAMED_KINDS: Final[dict[str, ArrayKind]] = {"m/z array": "m/z", "intensity array": "intensity"}

_DTYPES: Final = {  # PSI-MS and imaging MS vocabularies; an imzML's numbers are little-endian (imzML 1.1.0, section 3)
    "MS:1000519": "<i4",
    "MS:1000520": "<f2",
    "MS:1000521": "<f4",
    "MS:1000522": "<i8",
    "MS:1000523": "<f8",
    "IMS:1000141": "<i4",
    "IMS:1000142": "<i8",
    "IMS:1100000": "<i1",
    "IMS:1100001": "<i2",
}
_NAMED_DTYPE: Final = re.compile(r"(8|16|32|64)[- ]bit (float|integer)")
_COMPRESSIONS: Final = {"MS:1000574": True, "MS:1000576": False}
_NAMED_COMPRESSIONS: Final = {"zlib compression": True, "no compression": False}
_EXPECTED: Final = "expected floats of 16 to 64 bits or integers of 8 to 64, with zlib compression or none"


@dataclass(frozen=True)
class ArrayFormat:
    """Number format and compression."""

    dtype: npt.DTypeLike
    zlib: bool

    @property
    def item_bytes(self) -> int:
        """Bytes of one number."""
        return np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class ArrayDescription:
    """What the cvParams of an array declare, by their accessions and by their names.

    A file may contradict itself: an accession may not match its own name, or a group may contradict the array that
    refers to it. `format_resolution` finds out which declaration is true.

    Attributes
    ----------
    kinds, dtypes, compressions
        Every declaration once, in the order of the file; compression True = zlib.
    unknown
        Name of a number format or a compression that is not supported.
    """

    kinds: tuple[ArrayKind, ...] = ()
    dtypes: tuple[str, ...] = ()
    compressions: tuple[bool, ...] = ()
    unknown: str | None = None

    def with_parameter(self, accession: str, name: str) -> "ArrayDescription":
        """The description with one more cvParam; one that is not about the format changes nothing."""
        plain = name.strip().lower()
        kinds = (_KINDS.get(accession), _NAMED_KINDS.get(plain))
        dtypes = (_DTYPES.get(accession), _read_dtype(plain))
        compressions = (_COMPRESSIONS.get(accession), _NAMED_COMPRESSIONS.get(plain))
        if any(one is not None for one in (*kinds, *dtypes, *compressions)):
            return self._with(kinds, dtypes, compressions)
        if "compression" in plain or "-bit " in plain:
            return replace(self, unknown=name[:100])
        return self

    def with_group(self, group: "ArrayDescription") -> "ArrayDescription":
        """The description with that of a parameter group; for an array's first group, the group's own object."""
        if self is NOTHING_DECLARED:
            return group
        return replace(self._with(group.kinds, group.dtypes, group.compressions), unknown=group.unknown or self.unknown)

    def _with(
        self,
        kinds: tuple[ArrayKind | None, ...],
        dtypes: tuple[str | None, ...],
        compressions: tuple[bool | None, ...],
    ) -> "ArrayDescription":
        return replace(
            self,
            kinds=tuple(dict.fromkeys([*self.kinds, *(one for one in kinds if one is not None)])),
            dtypes=tuple(dict.fromkeys([*self.dtypes, *(one for one in dtypes if one is not None)])),
            compressions=tuple(dict.fromkeys([*self.compressions, *(one for one in compressions if one is not None)])),
        )

    def require_supported(self, file_name: str, kind: ArrayKind) -> None:
        """Refuse a number format that is unknown or not declared.

        Raises
        ------
        InvalidIonImageError
            When it is; the message names it.
        """
        if self.unknown is not None:
            raise InvalidIonImageError(f"{file_name!r} has {kind} arrays in {self.unknown!r}; {_EXPECTED}")
        if not self.dtypes:
            raise InvalidIonImageError(
                f"{file_name!r} does not declare the number format of its {kind} arrays; {_EXPECTED}"
            )


NOTHING_DECLARED: Final = ArrayDescription()
"""An array without declarations so far."""


def name_dtype(dtype: npt.DTypeLike) -> str:
    """A number format for people: "32-bit float"."""
    found = np.dtype(dtype)
    return f"{found.itemsize * 8}-bit {'float' if found.kind == 'f' else 'integer'}"


def _read_dtype(name: str) -> str | None:
    found = _NAMED_DTYPE.fullmatch(name)
    if found is None:
        return None
    dtype = f"<{'f' if found[2] == 'float' else 'i'}{int(found[1]) // 8}"
    return None if dtype == "<f1" else dtype
