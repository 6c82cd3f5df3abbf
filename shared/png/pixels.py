"""From the decompressed rows of a validated PNG to pixels."""

import struct
from collections.abc import Sequence
from typing import cast

import imagecodecs
import numpy as np
import numpy.typing as npt

from shared.png.structure import PNG_SIGNATURE, PngHeader, WholePng

PngPixels = npt.NDArray[np.unsignedinteger]
"""(H, W) grey, or (H, W, C) with C of 2 (grey, alpha), 3 (RGB) or 4 (RGBA); 8 or 16 bits."""

_NO_FILTER = frozenset({0})
_PLAIN_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
"""Colour types without a palette, and their channels."""

_BLOCK_BYTES = 0xFFFF
"""Maximum size of a stored block."""

_Part = bytes | memoryview


def decode_pixels(whole: WholePng) -> PngPixels:
    """The pixels; unfiltered rows, as METASPACE's writer (pypng) writes them, need no decoder.

    Raises
    ------
    imagecodecs.PngError
        When libpng refuses what passed the validation.
    """
    if _is_plain(whole):
        return _view_pixels(whole.rows, whole.header)
    pixels: PngPixels = imagecodecs.png_decode(_encode_uncompressed(whole))
    return pixels


def _is_plain(whole: WholePng) -> bool:
    header = whole.header
    has_whole_samples = header.bits >= 8 and header.colour_type in _PLAIN_CHANNELS
    return has_whole_samples and whole.filters == _NO_FILTER and not (header.interlaced or whole.colour_chunks)


def _view_pixels(rows: bytes | bytearray, header: PngHeader) -> PngPixels:
    """Samples are big-endian, behind one filter byte a row."""
    scanlines = np.frombuffer(rows, np.uint8).reshape(header.height, -1)[:, 1:]
    samples = scanlines.view(">u2") if header.bits == 16 else scanlines
    channels = _PLAIN_CHANNELS[header.colour_type]
    return samples if channels == 1 else samples.reshape(header.height, header.width, channels)


def _encode_uncompressed(whole: WholePng) -> bytes:
    """A PNG with uncompressed rows, so that libpng need not decompress them a second time."""
    header = whole.header
    first = struct.pack(
        ">IIBBBBB", header.width, header.height, header.bits, header.colour_type, 0, 0, header.interlaced
    )
    chunks: list[tuple[bytes, Sequence[_Part]]] = [(b"IHDR", [first])]
    chunks += [(kind, [data]) for kind, data in whole.colour_chunks]
    chunks += [(b"IDAT", _store(whole.rows)), (b"IEND", [])]
    return PNG_SIGNATURE + b"".join(part for kind, data in chunks for part in _pack(kind, data))


def _store(raw: bytes | bytearray) -> list[_Part]:
    """The parts of a zlib stream that holds `raw` as it is (RFC 1950, RFC 1951)."""
    parts: list[_Part] = [b"\x78\x01"]
    view = memoryview(raw)
    for start in range(0, len(raw), _BLOCK_BYTES):
        block = view[start : start + _BLOCK_BYTES]
        last = start + _BLOCK_BYTES >= len(raw)
        parts += [struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF), block]
    return [*parts, struct.pack(">I", imagecodecs.deflate_adler32(raw))]


def _pack(kind: bytes, data: Sequence[_Part]) -> list[_Part]:
    """The parts of a chunk: length, kind, data, checksum."""
    checksum = imagecodecs.deflate_crc32(kind)
    for part in data:
        checksum = imagecodecs.deflate_crc32(cast("bytes", part), value=checksum)
    return [struct.pack(">I", sum(map(len, data))), kind, *data, struct.pack(">I", checksum)]
