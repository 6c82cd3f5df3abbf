"""Find the true number format and compression of arrays where a file declares several or its sizes contradict them.

Measurements decide, in this order: what a compressed array decompresses to; the encoded lengths of plain arrays,
divided by their numbers; the distance between one array and the next. A file that none of these explains is refused.
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
    """A layout with the format that the measurements support."""

    layout: ArrayLayout
    notes: tuple[str, ...]


def resolve_layout(
    declared: DeclaredIndex, kind: ArrayKind, max_points: int, descriptor: int, ibd_bytes: int
) -> ResolvedLayout:
    """Find the format of the arrays of one kind.

    Parameters
    ----------
    max_points
        Longer arrays are skipped here, and refused later.
    descriptor, ibd_bytes
        The opened .ibd file and its size.

    Raises
    ------
    InvalidIonImageError
        When declarations contradict each other or the sizes, and no measurement decides.
    OSError
        When the .ibd file cannot be read.
    """
    layout = declared.mz if kind == "m/z" else declared.intensity
    other = declared.intensity if kind == "m/z" else declared.mz
    measured = _Measurements(layout, other, max_points, descriptor, ibd_bytes)
    claims = [
        ArrayFormat(*one) for one in product(layout.description.dtypes, layout.description.compressions or (False,))
    ]
    notes = [f"arrays declared as {' and '.join(layout.description.kinds)} were read as {kind}"] * (
        len(layout.description.kinds) > 1
    )
    found = claims[0]
    if len(claims) > 1 or not measured.agrees_with(found):
        found = _choose(declared.file_name, kind, claims, measured)
        notes.append(_describe_choice(declared.file_name, kind, found, claims))
    return ResolvedLayout(_with_sizes(declared.file_name, kind, layout, found), tuple(notes))


class _Measurements:
    """Measurements of the sizes and bytes of the m/z or intensity arrays."""

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
        """Whether the measurements are consistent with a declaration."""
        encoded, lengths = self._layout.encoded_lengths[self._filled], self._layout.lengths[self._filled]
        is_plain = bool(((encoded <= 0) | (encoded == lengths * claim.item_bytes)).all())
        if not claim.zlib or not len(lengths):
            return is_plain
        decompressed = self.item_bytes_decompressed()
        return not is_plain if decompressed is None else decompressed == claim.item_bytes

    def item_bytes_decompressed(self) -> int | None:
        """Bytes of a number when the first array is decompressed; None where it is not zlib data."""
        if not len(self._filled):
            return None
        first = self._filled[0]
        length, size = int(self._layout.lengths[first]), int(self._layout.encoded_lengths[first])
        most = max(_ITEM_BYTES) * length
        compressed = os.pread(
            self._descriptor, min(max(size, 0), most + _ZLIB_FRAME_BYTES), int(self._layout.offsets[first])
        )
        decompressor = zlib.decompressobj()
        try:
            decompressed = decompressor.decompress(compressed, most + 1)
        except zlib.error:
            return None
        return _divide(len(decompressed), length) if decompressor.eof else None

    def item_bytes_from_lengths(self) -> int | None:
        """Bytes of a number by the encoded lengths; None where they are missing, or differ."""
        encoded, lengths = self._layout.encoded_lengths[self._filled], self._layout.lengths[self._filled]
        declared = encoded > 0
        if not declared.any():
            return None
        size = _divide(int(encoded[declared][0]), int(lengths[declared][0]))
        return size if size and (encoded[declared] == lengths[declared] * size).all() else None

    def item_bytes_from_distances(self) -> int | None:
        """Bytes of a number by the distance to the next array of either kind; None unless most arrays agree."""
        if not len(self._filled):
            return None
        offsets, first = np.unique(self._layout.offsets[self._filled], return_index=True)
        lengths = self._layout.lengths[self._filled][first]
        begins = np.unique(np.concatenate([offsets, self._other.offsets[self._other.lengths > 0], [self._ibd_bytes]]))
        distance = begins[np.minimum(np.searchsorted(begins, offsets, side="right"), len(begins) - 1)] - offsets
        fitting = [int(np.count_nonzero(distance == lengths * size)) for size in _ITEM_BYTES]
        best = int(np.argmax(fitting))
        return _ITEM_BYTES[best] if 2 * fitting[best] > len(offsets) else None


def _choose(file_name: str, kind: ArrayKind, claims: list[ArrayFormat], measured: _Measurements) -> ArrayFormat:
    """The one format that the measurements support."""
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
                f"{file_name!r} declares {named} for its {kind} arrays, which have the same size; expected one format"
            )
    if len(claims) == 1 and claims[0].zlib:
        return claims[0]  # reading it will tell which array is damaged
    named = " and ".join(map(name_dtype, dtypes))
    found = f"hold {sizes[0][1]} bytes a number" if sizes else "do not hold a whole number of bytes a number"
    raise InvalidIonImageError(
        f"{file_name!r} declares {named} for its {kind} arrays, which {found}; expected the declared size"
    )


def _measure(measured: _Measurements) -> Iterator[tuple[bool, int]]:
    """Whether arrays are compressed, and the bytes of a number: the most reliable measurement first."""
    for is_zlib, size in (
        (True, measured.item_bytes_decompressed()),
        (False, measured.item_bytes_from_lengths()),
        (False, measured.item_bytes_from_distances()),
    ):
        if size is not None:
            yield is_zlib, size


def _describe_choice(file_name: str, kind: ArrayKind, found: ArrayFormat, claims: list[ArrayFormat]) -> str:
    claimed = " or ".join(map(_name, claims))
    why = "they decompress to that size" if found.zlib else "their sizes match it"
    if claims == [found]:
        return (
            f"{file_name!a} declares sizes that do not match its {kind} arrays in {_name(found)}:"
            " the declared sizes were ignored"
        )
    return f"{file_name!a} declares {claimed} for its {kind} arrays: {_name(found)} was used, because {why}"


def _name(one: ArrayFormat) -> str:
    return f"{name_dtype(one.dtype)}{' with zlib compression' if one.zlib else ''}"


def _with_sizes(file_name: str, kind: ArrayKind, layout: DeclaredLayout, found: ArrayFormat) -> ArrayLayout:
    """The layout with the size of each array in bytes."""
    if not found.zlib:
        return ArrayLayout(found, layout.offsets, layout.lengths, layout.lengths * found.item_bytes)
    if (layout.encoded_lengths[layout.lengths > 0] < 0).any():
        first = int(np.flatnonzero((layout.encoded_lengths < 0) & (layout.lengths > 0))[0])
        raise InvalidIonImageError(
            f"spectrum {first + 1} of {file_name!r} does not state the encoded length of its compressed {kind}"
            " array; expected it as IMS:1000104 (external encoded length)"
        )
    return ArrayLayout(found, layout.offsets, layout.lengths, layout.encoded_lengths)


def _divide(size: int, count: int) -> int | None:
    """Bytes of a number; None where no number format has that size."""
    return size // count if size // count in _ITEM_BYTES and size % count == 0 else None
