"""Validate a PNG completely before it is passed to a decoder written in C.

imagecodecs 2026.3 leaves libpng by longjmp when a PNG is broken: every failure loses one reference to None, and after
a few thousand broken images Python 3.11 aborts. So a PNG is checked here, chunk by chunk, and only the chunks that
matter are passed on (PNG specification, third edition, sections 5, 7 and 11).
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import imagecodecs

from shared.errors import InvalidIonImageError
from shared.limits import Limits, require_at_most, require_image_size

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 65_536
"""Writers make chunks of 8 KiB or more, so a file of 64 MiB has at most 8,192."""
_BYTES_A_PIXEL = 4
"""Bytes of a pixel of the largest images: grey and alpha of 16 bits, or red, green, blue and alpha of 8. Wider ones
may have fewer pixels."""
_IHDR_BYTES, _LAST_FILTER, _PALETTE = 13, 4, 3
# Colour type -> samples a pixel, allowed bits a sample, length of tRNS (None: none allowed).
_COLOUR_TYPES = {
    0: (1, (1, 2, 4, 8, 16), 2),
    2: (3, (8, 16), 6),
    3: (1, (1, 2, 4, 8), 256),
    4: (2, (8, 16), None),
    6: (4, (8, 16), None),
}
# Adam7: first column, first row, step of columns, step of rows.
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@dataclass(frozen=True)
class PngHeader:
    """The IHDR chunk; sides in px, `bits` a sample."""

    width: int
    height: int
    bits: int
    colour_type: int
    interlaced: bool

    def scanlines(self) -> list[tuple[int, int]]:
        """Number of rows, and bytes a row with its filter byte, of each pass."""
        bits_per_pixel = self.bits * _COLOUR_TYPES[self.colour_type][0]
        passes = _ADAM7 if self.interlaced else ((0, 0, 1, 1),)
        sizes = [
            (-(-(self.width - column) // columns), -(-(self.height - row) // rows))
            for column, row, columns, rows in passes
        ]
        return [(rows, 1 + (columns * bits_per_pixel + 7) // 8) for columns, rows in sizes if columns > 0 and rows > 0]


@dataclass(frozen=True)
class WholePng:
    """A complete PNG, reduced to header, palette, transparency and pixels."""

    header: PngHeader
    colour_chunks: tuple[tuple[bytes, bytes], ...]
    """Kind and data of palette and transparency, if any."""

    rows: bytes | bytearray
    """Every row of every pass, filtered, with its filter byte first."""

    filters: frozenset[int]
    """The row filters in use, 0 to 4; {0} when the rows are the pixels as they are."""


def read_whole_png(content: bytes, limits: Limits) -> WholePng:
    """Check all of a PNG, and decompress its rows.

    Raises
    ------
    InvalidIonImageError
        When any part is missing, altered or contradictory.
    TooLargeError
        When its header declares more pixels than `limits` allow.
    """
    chunks = _chunks(content)
    header = _read_header(*next(chunks), limits)
    kept: dict[bytes, bytes] = {}
    pixels: list[memoryview] = []
    for kind, data in chunks:
        if kind == b"IDAT":
            pixels.append(data)
        elif kind in (b"PLTE", b"tRNS"):
            kept[kind] = bytes(data)
        elif kind != b"IEND" and kind[:1].isupper():
            raise InvalidIonImageError(f"PNG has an unknown critical chunk {kind!r}; expected a standard PNG")
    compressed = pixels[0] if len(pixels) == 1 else b"".join(pixels)
    rows = _decompress_rows(compressed, header, limits)
    return WholePng(header, _colour_chunks(header, kept), rows, _row_filters(rows, header))


def _chunks(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and data of every chunk, from IHDR to IEND, each with its checksum checked."""
    if not content.startswith(PNG_SIGNATURE):
        raise InvalidIonImageError("file does not begin with a PNG header; expected a complete PNG file")
    position, kind, count, view = len(PNG_SIGNATURE), b"", 0, memoryview(content)
    while kind != b"IEND":
        count += 1
        require_at_most(count, _MAX_CHUNKS, "number of chunks of a PNG")
        length = int.from_bytes(content[position : position + 4])
        end = position + 12 + length
        if end > len(content):
            raise InvalidIonImageError("PNG is truncated; expected a complete PNG file")
        kind, data = content[position + 4 : position + 8], view[position + 8 : end - 4]
        if imagecodecs.deflate_crc32(cast("bytes", view[position + 4 : end - 4])) != int.from_bytes(
            content[end - 4 : end]
        ):
            raise InvalidIonImageError(f"PNG is corrupt: checksum of {kind!r} is wrong; expected a complete PNG file")
        yield kind, data
        position = end


def _read_header(kind: bytes, data: memoryview, limits: Limits) -> PngHeader:
    if kind != b"IHDR" or len(data) != _IHDR_BYTES:
        raise InvalidIonImageError("file does not begin with a PNG header; expected a complete PNG file")
    width, height, bits, colour_type, compression, filtering, interlace = struct.unpack(">IIBBBBB", data)
    if not (width and height):
        raise InvalidIonImageError(f"PNG is {height} x {width} px; expected at least 1 x 1")
    require_image_size(height, width, limits)
    known = colour_type in _COLOUR_TYPES and bits in _COLOUR_TYPES[colour_type][1]
    if not known or compression or filtering or interlace > 1:
        raise InvalidIonImageError("PNG has an invalid header; expected a standard PNG file")
    return PngHeader(width, height, bits, colour_type, interlaced=interlace == 1)


def _colour_chunks(header: PngHeader, kept: dict[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
    """Palette and transparency, where the colour type has them."""
    found = []
    palette, transparency = kept.get(b"PLTE"), kept.get(b"tRNS")
    if header.colour_type == _PALETTE:
        if palette is None or len(palette) % 3 or not 3 <= len(palette) <= 3 << header.bits:
            raise InvalidIonImageError("PNG has no usable palette; expected a standard PNG file")
        found.append((b"PLTE", palette))
    if transparency is not None:
        length = _COLOUR_TYPES[header.colour_type][2]
        entries = len(palette or b"") // 3
        fits = 1 <= len(transparency) <= entries if header.colour_type == _PALETTE else len(transparency) == length
        if not fits:
            raise InvalidIonImageError("PNG has an unusable transparency chunk; expected a standard PNG file")
        found.append((b"tRNS", transparency))
    return tuple(found)


def _decompress_rows(compressed: bytes | memoryview, header: PngHeader, limits: Limits) -> bytes | bytearray:
    """Decompress to exactly the size that the header declares."""
    expected = sum(rows * row_bytes for rows, row_bytes in header.scanlines())
    most = _BYTES_A_PIXEL * limits.image_pixels + 2 * limits.image_side_px  # one filter byte a row
    require_at_most(expected, most, "size of a PNG, decompressed, in bytes")
    try:
        raw: bytes | bytearray = imagecodecs.deflate_decode(cast("bytes", compressed), out=expected, raw=False)
    except imagecodecs.DeflateError:  # zlib is slower, and tells what is wrong
        raw = _decompress_with_zlib(compressed, expected)
    if len(raw) != expected:
        raise _wrong_size()
    return raw


def _row_filters(raw: bytes | bytearray, header: PngHeader) -> frozenset[int]:
    """The filters of the rows, all of which must be known."""
    found: set[int] = set()
    position = 0
    for rows, row_bytes in header.scanlines():
        end = position + rows * row_bytes
        found.update(raw[position:end:row_bytes])
        position = end
    if max(found) > _LAST_FILTER:
        raise InvalidIonImageError("PNG has an unknown row filter; expected a standard PNG file")
    return frozenset(found)


def _decompress_with_zlib(compressed: bytes | memoryview, expected: int) -> bytes:
    decompressor = zlib.decompressobj()
    try:
        raw = decompressor.decompress(compressed, expected + 1)
    except zlib.error as error:
        raise InvalidIonImageError(f"PNG cannot be decompressed ({error}); expected a complete PNG file") from error
    if not decompressor.eof:
        raise _wrong_size()
    return raw


def _wrong_size() -> InvalidIonImageError:
    return InvalidIonImageError("PNG has too few or too many pixels; expected the number in its header")
