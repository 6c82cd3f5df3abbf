"""How the numbers of one sort of array lie in the .ibd file."""

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidIonImageError

ArrayKind = Literal["m/z", "intensity"]

KINDS: Final[dict[str, ArrayKind]] = {"MS:1000514": "m/z", "MS:1000515": "intensity"}

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
_COMPRESSIONS: Final = {"MS:1000574": True, "MS:1000576": False}
_RIGHT_DTYPE = "32- or 64-bit float, or an integer of 8 to 64 bits"


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
    """What cvParams, gathered one by one, say of an array."""

    kind: ArrayKind | None = None
    dtype: str | None = None
    zlib: bool = False
    unknown: str | None = None
    """Name of a number format or a compression that is not served."""

    def take(self, accession: str, name: str) -> "ArrayDescription":
        """The description with one cvParam more; one that says nothing about the format changes nothing."""
        if accession in KINDS:
            return replace(self, kind=KINDS[accession])
        if accession in _DTYPES:
            return replace(self, dtype=_DTYPES[accession])
        if accession in _COMPRESSIONS:
            return replace(self, zlib=_COMPRESSIONS[accession])
        if "compression" in name or "-bit " in name:
            return replace(self, unknown=name[:100])
        return self

    def add(self, group: "ArrayDescription") -> "ArrayDescription":
        """The description with what a parameter group says; for an array's first group, the group's very object."""
        if self is UNSAID:
            return group
        return ArrayDescription(
            group.kind or self.kind,
            group.dtype or self.dtype,
            group.zlib or self.zlib,
            group.unknown or self.unknown,
        )

    def format(self, file_name: str) -> ArrayFormat:
        """The format, complete.

        Raises
        ------
        InvalidIonImageError
            When it is unknown or not stated.
        """
        if self.unknown is not None:
            raise InvalidIonImageError(
                f"{file_name!r} has {self.kind} arrays in {self.unknown!r}; right would be {_RIGHT_DTYPE}, with zlib"
                " compression or none"
            )
        if self.dtype is None:
            raise InvalidIonImageError(
                f"{file_name!r} does not say the number format of its {self.kind} arrays; right would be {_RIGHT_DTYPE}"
            )
        return ArrayFormat(self.dtype, self.zlib)


UNSAID: Final = ArrayDescription()
"""An array of which nothing is said yet."""
