"""Strings of variable length of an untrusted HDF5 file, read without HDF5.

Such a string is stored as its length (4 bytes), the address of its heap (8) and its number there (4); the content
is in the heap ("HDF5 File Format Specification Version 3.0", III.E, IV.A.2.m, VIII.B). HDF5 1.14 allocates as much
memory as the length declares, whether the string exists or not: 8 KB can cost 4 GB. And a damaged heap makes it loop
indefinitely.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

import h5py
import imagecodecs
import numpy as np

from shared.arrays.checks import STRING_BYTES
from shared.arrays.guarded_stream import GuardedStream
from shared.arrays.hdf5.compression import REFERENCE_BYTES, chunk_bytes
from shared.errors import InvalidIonImageError
from shared.limits import require_at_most

_HEAP_HEADER_BYTES: Final = 16
"""Of a heap, and of each string in it."""
_HEAP_START: Final = b"GCOL\1"
_MAX_HEAP_BYTES: Final = 2**26
"""Of all heaps of one column; in memory they may take twice as much."""
_ATTRIBUTE: Final = 0x0C
_CONTINUATION: Final = 0x10
"""Kinds of messages of an object header."""
_MAX_MESSAGES: Final = 4096
_MAX_BLOCK_BYTES: Final = 2**20


class ForeignHdf5(h5py.File):
    """An open file, and the stream that HDF5 reads it from."""

    def __init__(self, stream: GuardedStream) -> None:
        super().__init__(stream, "r")
        self.stream = stream


def read_string_attribute(file: ForeignHdf5, group: h5py.Group, name: str) -> str | None:
    """A string attribute of a group; None when there is none.

    Raises
    ------
    InvalidIonImageError, TooLargeError
        When it is not a string, or too long.
    """
    what = f"attribute {name!r} of `{group.name}`"
    if name not in group.attrs:
        return None
    attribute = group.attrs.get_id(name)
    string = h5py.check_string_dtype(attribute.dtype)
    if attribute.shape != () or string is None:
        raise InvalidIonImageError(f"expected a single string as {what}, got another value")
    if string.length is None:
        value = _Heaps(file, what).read(_find_attribute_value(file, group, name.encode(), what)[:REFERENCE_BYTES])
    else:
        require_at_most(string.length, STRING_BYTES, f"length of {what}")
        value = bytes(group.attrs[name])
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise InvalidIonImageError(f"{what} is not a valid string ({error}); expected Unicode") from error


def read_variable_strings(file: ForeignHdf5, dataset: h5py.Dataset, what: str) -> Iterator[bytes]:
    """Yield the strings of a column of variable length.

    Raises
    ------
    InvalidIonImageError, TooLargeError
        When one is stored in an unsupported way, missing, or too long.
    """
    heaps = _Heaps(file, what)
    references = _read_references(file, dataset, what)
    for start in range(0, len(references), REFERENCE_BYTES):
        yield heaps.read(references[start : start + REFERENCE_BYTES])


class _Heaps:
    """The strings of a file, read without HDF5, which a hostile file can make loop."""

    def __init__(self, file: ForeignHdf5, what: str) -> None:
        if file.id.get_create_plist().get_sizes() != (8, 8):
            raise InvalidIonImageError(f"{what} has addresses of unusual size; expected 8 bytes, as h5py writes them")
        self._stream = file.stream
        self._base = file.userblock_size
        self._what = what
        self._heaps: dict[int, dict[int, bytes]] = {}
        self._bytes_read = 0

    def read(self, reference: bytes) -> bytes:
        """The string that a reference refers to."""
        length, address, number = struct.unpack("<IQI", reference)
        if length == 0:
            return b""
        require_at_most(length, STRING_BYTES, f"declared length of a string of {self._what} in bytes")
        if address not in self._heaps:
            self._heaps[address] = self._read_heap(address)
        string = self._heaps[address].get(number, b"")
        if len(string) < length:
            raise InvalidIonImageError(f"{self._what} refers to a missing string; expected an intact HDF5 file")
        return string[:length].partition(b"\0")[0]

    def _read_heap(self, address: int) -> dict[int, bytes]:
        """All strings of one heap, by their numbers."""
        self._stream.seek(self._base + address)
        header = self._stream.read(_HEAP_HEADER_BYTES)
        size = int.from_bytes(header[8:], "little")
        if header[:5] != _HEAP_START or size < _HEAP_HEADER_BYTES:
            raise InvalidIonImageError(
                f"{self._what} refers to a string outside the file's string heaps; expected an intact HDF5 file"
            )
        self._bytes_read += size
        require_at_most(self._bytes_read, _MAX_HEAP_BYTES, f"size of the strings of {self._what} in bytes")
        content, position = self._stream.read(size - _HEAP_HEADER_BYTES), 0
        found: dict[int, bytes] = {}
        while position + _HEAP_HEADER_BYTES <= len(content):
            number, length = struct.unpack_from("<H6xQ", content, position)
            if number == 0:  # free space
                break
            position += _HEAP_HEADER_BYTES
            found[number] = content[position : position + length]
            position += -(-length // 8) * 8
        return found


def _read_references(file: ForeignHdf5, dataset: h5py.Dataset, what: str) -> bytes:
    """The stored references of a column, in order; zeros where nothing is stored."""
    count = dataset.shape[0]
    found = bytearray(count * REFERENCE_BYTES)
    layout = dataset.id.get_create_plist().get_layout()
    if layout == h5py.h5d.CONTIGUOUS:
        start = dataset.id.get_offset()
        if start is not None:
            file.stream.seek(start)
            content = file.stream.read(len(found))
            found[: len(content)] = content
    elif layout == h5py.h5d.CHUNKED:
        offsets: list[tuple[int, ...]] = []
        dataset.id.chunk_iter(lambda chunk: offsets.append(chunk.chunk_offset))
        for offset in offsets:
            start = offset[0] * REFERENCE_BYTES
            content = _decompress_chunk(dataset, offset)[: len(found) - start]
            found[start : start + len(content)] = content
    else:
        raise InvalidIonImageError(
            f"{what} is stored in the header of its dataset (compact layout); expected contiguous or chunked storage"
        )
    return bytes(found)


def _decompress_chunk(dataset: h5py.Dataset, offset: tuple[int, ...]) -> bytes:
    """The bytes of a chunk, whose size `check_compression` has checked."""
    skipped, content = dataset.id.read_direct_chunk(offset)
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]
    for number, kind in reversed(list(enumerate(filters))):
        if skipped >> number & 1:
            continue
        if kind == h5py.h5z.FILTER_DEFLATE:
            content = zlib.decompress(content)
        elif kind == h5py.h5z.FILTER_LZF:
            content = bytes(imagecodecs.lzf_decode(content, out=chunk_bytes(dataset)))
        elif kind == h5py.h5z.FILTER_FLETCHER32:
            content = content[:-4]
        else:
            planes = np.frombuffer(content[: len(content) // REFERENCE_BYTES * REFERENCE_BYTES], np.uint8)
            content = planes.reshape(REFERENCE_BYTES, -1).T.tobytes()
    return bytes(content)


def _find_attribute_value(file: ForeignHdf5, group: h5py.Group, name: bytes, what: str) -> bytes:
    """The stored value of an attribute, from the group's object header."""
    for kind, body in _read_messages(file.stream, file.userblock_size, h5py.h5o.get_info(group.id).addr):
        if kind == _ATTRIBUTE and (value := _split_attribute(body, name)) is not None:
            return value
    raise InvalidIonImageError(f"{what} is stored in a way that is not supported; expected a file written by h5py")


def _split_attribute(body: bytes, name: bytes) -> bytes | None:
    """The value in the message of an attribute, if it has this name."""
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
    for offset, size in blocks:  # the list grows meanwhile
        require_at_most(size, _MAX_BLOCK_BYTES, "size of an object header in bytes")
        stream.seek(offset)
        block, position = stream.read(size), 0
        while position + struct.calcsize(header) + order <= len(block):
            kind, length, _ = struct.unpack_from(header, block, position)
            position += struct.calcsize(header) + order
            body = block[position : position + length]
            position += length
            found += 1
            require_at_most(found, _MAX_MESSAGES, "number of messages of an object header")
            if kind == _CONTINUATION and len(body) >= 16:
                where, length = struct.unpack_from("<QQ", body)
                blocks.append((base + where + signature, length - 2 * signature))
            yield kind, body
