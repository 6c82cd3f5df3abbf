"""Which number format and compression arrays have, where a file claims several or its sizes contradict them.

What can be measured decides, in this order: a compressed array is unpacked; a plain one takes as many bytes as its
encoded length states, for each of its numbers; else as many as lie between one array and the next. What none of these
tells is refused.
"""

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from shared.errors import InvalidIonImageError
from shared.imzml.array_format import ArrayFormat, ArrayKind, name_dtype
from shared.imzml.declared_index import DeclaredIndex, DeclaredLayout
from shared.imzml.index import ArrayLayout

_ITEM_BYTES = (1, 2, 4, 8)
_ZLIB_FRAME_BYTES = 1024


@dataclass(frozen=True)
class ResolvedLayout:
    """A layout with the format that was found to hold."""

    layout: ArrayLayout
    notes: tuple[str, ...]


def resolve_layout(
    stated: DeclaredIndex, kind: ArrayKind, max_points: int, descriptor: int, ibd_bytes: int
) -> ResolvedLayout:
    """Find the format of the arrays of one kind.

    Parameters
    ----------
    max_points
        Longer arrays, which are refused later, are not looked at.
    descriptor, ibd_bytes
        The opened .ibd file and its size.

    Raises
    ------
    InvalidIonImageError
        When claims contradict each other or the sizes, and nothing tells which of them holds.
    OSError
        When the .ibd file cannot be read.
    """
    layout = stated.mz if kind == "m/z" else stated.intensity
    other = stated.intensity if kind == "m/z" else stated.mz
    measured = _Measured(layout, other, max_points, descriptor, ibd_bytes)
    claims = [
        ArrayFormat(*one) for one in product(layout.description.dtypes, layout.description.compressions or (False,))
    ]
    notes = [f"arrays called {' and '.join(layout.description.kinds)} were taken for {kind}"] * (
        len(layout.description.kinds) > 1
    )
    found = claims[0]
    if len(claims) > 1 or not measured.agrees_with(found):
        found = _choose(stated.file_name, kind, claims, measured)
        notes.append(_describe_choice(stated.file_name, kind, found, claims))
    return ResolvedLayout(_with_sizes(stated.file_name, kind, layout, found), tuple(notes))


class _Measured:
    """What the sizes and bytes of one sort of array tell."""

    def __init__(
        self, layout: DeclaredLayout, other: DeclaredLayout, max_points: int, descriptor: int, ibd_bytes: int
    ) -> None:
        self._filled = np.flatnonzero(
            (layout.lengths > 0) & (layout.lengths <= max_points) & (layout.offsets >= 0) & (layout.offsets < ibd_bytes)
        )
        self._layout = layout
        self._other = other
        self._descriptor = descriptor
        self._ibd_bytes = ibd_bytes

    def agrees_with(self, claim: ArrayFormat) -> bool:
        """Whether nothing contradicts a file's only claim."""
        encoded, lengths = self._layout.encoded_lengths[self._filled], self._layout.lengths[self._filled]
        is_plain = bool(((encoded <= 0) | (encoded == lengths * claim.item_bytes)).all())
        if not claim.zlib or not len(lengths):
            return is_plain
        unpacked = self.item_bytes_unpacked()
        return not is_plain if unpacked is None else unpacked == claim.item_bytes

    def item_bytes_unpacked(self) -> int | None:
        """Bytes of a number when the first array is unpacked; None where it is no zlib data."""
        if not len(self._filled):
            return None
        first = self._filled[0]
        length, size = int(self._layout.lengths[first]), int(self._layout.encoded_lengths[first])
        most = max(_ITEM_BYTES) * length
        packed = os.pread(
            self._descriptor, min(max(size, 0), most + _ZLIB_FRAME_BYTES), int(self._layout.offsets[first])
        )
        unpacker = zlib.decompressobj()
        try:
            unpacked = unpacker.decompress(packed, most + 1)
        except zlib.error:
            return None
        return _divide(len(unpacked), length) if unpacker.eof else None

    def item_bytes_stated(self) -> int | None:
        """Bytes of a number by the encoded lengths; None where they are not stated, or differ."""
        encoded, lengths = self._layout.encoded_lengths[self._filled], self._layout.lengths[self._filled]
        stated = encoded > 0
        if not stated.any():
            return None
        size = _divide(int(encoded[stated][0]), int(lengths[stated][0]))
        return size if size and (encoded[stated] == lengths[stated] * size).all() else None

    def item_bytes_between(self) -> int | None:
        """Bytes of a number by the distance to the next array of either sort, which most of them must share."""
        if not len(self._filled):
            return None
        offsets, first = np.unique(self._layout.offsets[self._filled], return_index=True)
        lengths = self._layout.lengths[self._filled][first]
        begins = np.unique(np.concatenate([offsets, self._other.offsets[self._other.lengths > 0], [self._ibd_bytes]]))
        room = begins[np.minimum(np.searchsorted(begins, offsets, side="right"), len(begins) - 1)] - offsets
        fitting = [int(np.count_nonzero(room == lengths * size)) for size in _ITEM_BYTES]
        best = int(np.argmax(fitting))
        return _ITEM_BYTES[best] if 2 * fitting[best] > len(offsets) else None


def _choose(file_name: str, kind: ArrayKind, claims: list[ArrayFormat], measured: _Measured) -> ArrayFormat:
    """The one format that what was measured allows."""
    dtypes = list(dict.fromkeys(str(claim.dtype) for claim in claims))
    sizes: list[tuple[bool, int]] = []
    for is_zlib, size in _measure(measured):
        sizes.append((is_zlib, size))
        fitting = [dtype for dtype in dtypes if np.dtype(dtype).itemsize == size]
        if len(fitting) == 1:
            return ArrayFormat(fitting[0], is_zlib)
        if len(fitting) > 1:
            named = " and ".join(map(name_dtype, fitting))
            raise InvalidIonImageError(
                f"{file_name!r} declares {named} for its {kind} arrays, and both take as many bytes; expected one"
            )
    if len(claims) == 1 and claims[0].zlib:
        return claims[0]  # reading it says which array is damaged
    named = " and ".join(map(name_dtype, dtypes))
    found = f"hold {sizes[0][1]} bytes a number" if sizes else "have sizes that are no multiple of one"
    raise InvalidIonImageError(
        f"{file_name!r} declares {named} for its {kind} arrays, which {found}; expected sizes of the declared numbers"
    )


def _measure(measured: _Measured) -> Iterator[tuple[bool, int]]:
    """Whether arrays are packed, with the bytes of a number: the most telling first."""
    for is_zlib, size in (
        (True, measured.item_bytes_unpacked()),
        (False, measured.item_bytes_stated()),
        (False, measured.item_bytes_between()),
    ):
        if size is not None:
            yield is_zlib, size


def _describe_choice(file_name: str, kind: ArrayKind, found: ArrayFormat, claims: list[ArrayFormat]) -> str:
    claimed = " or ".join(map(_name, claims))
    why = "that is what they unpack to" if found.zlib else "that is what their sizes tell"
    if claims == [found]:
        return (
            f"{file_name!a} states sizes that its {kind} arrays in {_name(found)} do not have: they were not believed"
        )
    return f"{file_name!a} declares {claimed} for its {kind} arrays: {_name(found)} was believed, for {why}"


def _name(one: ArrayFormat) -> str:
    return f"{name_dtype(one.dtype)}{' with zlib compression' if one.zlib else ''}"


def _with_sizes(file_name: str, kind: ArrayKind, layout: DeclaredLayout, found: ArrayFormat) -> ArrayLayout:
    """The layout with the bytes that each array takes."""
    if not found.zlib:
        return ArrayLayout(found, layout.offsets, layout.lengths, layout.lengths * found.item_bytes)
    if (layout.encoded_lengths[layout.lengths > 0] < 0).any():
        first = int(np.flatnonzero((layout.encoded_lengths < 0) & (layout.lengths > 0))[0])
        raise InvalidIonImageError(
            f"spectrum {first + 1} of {file_name!r} does not say the external encoded length of its packed {kind}"
            " array; expected one in IMS:1000104"
        )
    return ArrayLayout(found, layout.offsets, layout.lengths, layout.encoded_lengths)


def _divide(size: int, count: int) -> int | None:
    """Bytes of a number, where that is a size that numbers have."""
    return size // count if size // count in _ITEM_BYTES and size % count == 0 else None
