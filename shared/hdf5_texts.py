"""How long the texts of an HDF5 file say that they are: HDF5 takes that much memory before it looks whether it is true.

A text of variable length is stored as its length (4 bytes), the address of its heap (8) and its number there (4); the
text itself lies in the heap ("HDF5 File Format Specification Version 3.0", III.E, IV.A.2.m, VIII.B). 8 KB that state
4 GB would cost 4 GB.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

import h5py
import imagecodecs
import numpy as np
import numpy.typing as npt

from shared.array_checks import TEXT_BYTES
from shared.errors import InvalidIonImageError
from shared.guarded_stream import GuardedStream
from shared.hdf5_packing import chunk_bytes
from shared.limits import require_at_most

_REFERENCE_BYTES: Final = 16
_REFERENCES_AT_ONCE: Final = 2**16
_ATTRIBUTE: Final = 0x0C
_CONTINUATION: Final = 0x10
"""Kinds of messages of an object header."""
_MOST_MESSAGES: Final = 4096
_MOST_BLOCK_BYTES: Final = 2**20


class ForeignHdf5(h5py.File):
    """An opened file, and the stream that HDF5 reads it from."""

    def __init__(self, stream: GuardedStream) -> None:
        super().__init__(stream, "r")
        self.stream = stream


def read_text_attribute(file: ForeignHdf5, group: h5py.Group, name: str) -> str | None:
    """One text that is attached to a group; None when there is none.

    Raises
    ------
    InvalidIonImageError, TooLargeError
        When it is no text, or a long one.
    """
    what = f"attribute {name!r} of `{group.name}`"
    if name not in group.attrs:
        return None
    attribute = group.attrs.get_id(name)
    text = h5py.check_string_dtype(attribute.dtype)
    if attribute.shape != () or text is None:
        raise InvalidIonImageError(f"{what} is no single text; expected one")
    if text.length is None:
        _require_short(_find_attribute_value(file, group, name.encode(), what)[:_REFERENCE_BYTES], what)
    else:
        require_at_most(text.length, TEXT_BYTES, f"length of {what}")
    value = group.attrs[name]
    return value.decode() if isinstance(value, bytes) else str(value)


def require_short_texts(file: ForeignHdf5, dataset: h5py.Dataset, what: str) -> None:
    """Refuse a dataset of texts of variable length one of which states to be longer than an annotation id may be.

    Raises
    ------
    InvalidIonImageError, TooLargeError
        When one does, or it cannot be found out.
    """
    for references in _list_references(file, dataset, what):
        _require_short(references, what)


def _require_short(references: bytes, what: str) -> None:
    whole = references[: len(references) // _REFERENCE_BYTES * _REFERENCE_BYTES]
    lengths: npt.NDArray[np.uint32] = np.frombuffer(whole, "<u4").reshape(-1, 4)[:, 0]
    require_at_most(int(lengths.max(initial=0)), TEXT_BYTES, f"stated length of a text of {what} in bytes")


def _list_references(file: ForeignHdf5, dataset: h5py.Dataset, what: str) -> Iterator[bytes]:
    """What a dataset has stored, a piece at a time."""
    layout = dataset.id.get_create_plist().get_layout()
    if layout == h5py.h5d.CONTIGUOUS:
        start, left = dataset.id.get_offset(), dataset.id.get_storage_size()
        if start is not None:
            file.stream.seek(start)
            while left > 0 and (piece := file.stream.read(min(left, _REFERENCES_AT_ONCE * _REFERENCE_BYTES))):
                left -= len(piece)
                yield piece
    elif layout == h5py.h5d.CHUNKED:
        offsets: list[tuple[int, ...]] = []
        dataset.id.chunk_iter(lambda chunk: offsets.append(chunk.chunk_offset))
        yield from (_unpack_chunk(dataset, offset) for offset in offsets)
    else:
        raise InvalidIonImageError(f"{what} is stored in its header; expected it contiguous or in chunks")


def _unpack_chunk(dataset: h5py.Dataset, offset: tuple[int, ...]) -> bytes:
    """The bytes of a chunk, which `check_packing` found to be bounded."""
    skipped, content = dataset.id.read_direct_chunk(offset)
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]
    for number, kind in reversed(list(enumerate(filters))):
        if skipped >> number & 1:
            continue
        if kind == h5py.h5z.FILTER_DEFLATE:
            content = zlib.decompress(content)
        elif kind == h5py.h5z.FILTER_LZF:
            content = bytes(imagecodecs.lzf_decode(content, out=_stored_bytes(dataset)))
        elif kind == h5py.h5z.FILTER_FLETCHER32:
            content = content[:-4]
        else:
            planes = np.frombuffer(content[: len(content) // _REFERENCE_BYTES * _REFERENCE_BYTES], np.uint8)
            content = planes.reshape(_REFERENCE_BYTES, -1).T.tobytes()
    return bytes(content)


def _stored_bytes(dataset: h5py.Dataset) -> int:
    return int(chunk_bytes(dataset) // dataset.dtype.itemsize * _REFERENCE_BYTES)


def _find_attribute_value(file: ForeignHdf5, group: h5py.Group, name: bytes, what: str) -> bytes:
    """What an attribute has stored, found in the group's object header."""
    if file.id.get_create_plist().get_sizes() == (8, 8):
        for kind, body in _read_messages(file.stream, file.userblock_size, h5py.h5o.get_info(group.id).addr):
            if kind == _ATTRIBUTE and (value := _split_attribute(body, name)) is not None:
                return value
    raise InvalidIonImageError(f"{what} is stored in a way that is not known here; expected one as h5py stores it")


def _split_attribute(body: bytes, name: bytes) -> bytes | None:
    """The value in the message of an attribute, where it has this name."""
    version, _, name_bytes, type_bytes, space_bytes = struct.unpack_from("<BBHHH", body)
    start = 9 if version == 3 else 8
    if body[start : start + name_bytes].rstrip(b"\0") != name:
        return None
    step = 8 if version == 1 else 1
    return body[start + sum(-(-size // step) * step for size in (name_bytes, type_bytes, space_bytes)) :]


def _read_messages(stream: GuardedStream, base: int, address: int) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each message of an object header of version 1 or 2, its continuations included."""
    stream.seek(base + address)
    start = stream.read(16)
    if start[:4] == b"OHDR":
        flags = start[5]
        skipped = 6 + 16 * (flags >> 5 & 1) + 4 * (flags >> 4 & 1)
        width = 1 << (flags & 3)
        stream.seek(base + address + skipped)
        blocks = [(base + address + skipped + width, int.from_bytes(stream.read(width), "little"))]
        header, order, signature = "<BHB", 2 * (flags >> 2 & 1), 4  # of a continuation; a checksum ends it
    else:
        blocks = [(base + address + 16, int.from_bytes(start[8:12], "little"))]
        header, order, signature = "<HHB3x", 0, 0
    found = 0
    for place, size in blocks:  # which grow meanwhile
        require_at_most(size, _MOST_BLOCK_BYTES, "size of an object header in bytes")
        stream.seek(place)
        block, position = stream.read(size), 0
        while position + struct.calcsize(header) + order <= len(block):
            kind, length, _ = struct.unpack_from(header, block, position)
            position += struct.calcsize(header) + order
            body = block[position : position + length]
            position += length
            found += 1
            require_at_most(found, _MOST_MESSAGES, "number of messages of an object header")
            if kind == _CONTINUATION and len(body) >= 16:
                where, length = struct.unpack_from("<QQ", body)
                blocks.append((base + where + signature, length - 2 * signature))
            yield kind, body
