"""Whether bytes are a whole PNG, judged before a decoder written in C sees them.

imagecodecs 2026.3 leaves libpng by longjmp when a PNG is broken: every failure takes one reference of None away, and
after a few thousand broken images Python 3.11 aborts. So a PNG is checked here, chunk by chunk, and only the chunks
that matter are handed on (PNG specification, third edition, sections 5, 7 and 11).
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import imagecodecs

from shared.errors import InvalidIonImageError
from shared.limits import Limits, require_image_size

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_IHDR_BYTES, _LAST_FILTER, _PALETTE = 13, 4, 3
_BLOCK_BYTES = 0xFFFF
"""Most of a stored block."""

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
class _Header:
    width: int
    height: int
    bits: int
    colour_type: int
    interlaced: bool

    def scanlines(self) -> list[tuple[int, int]]:
        """Rows, and bytes a row with its filter byte, of each pass."""
        bits_per_pixel = self.bits * _COLOUR_TYPES[self.colour_type][0]
        passes = _ADAM7 if self.interlaced else ((0, 0, 1, 1),)
        sizes = [
            (-(-(self.width - column) // columns), -(-(self.height - row) // rows))
            for column, row, columns, rows in passes
        ]
        return [(rows, 1 + (columns * bits_per_pixel + 7) // 8) for columns, rows in sizes if columns > 0 and rows > 0]


def extract_whole_png(content: bytes, limits: Limits) -> bytes:
    """The PNG with nothing but header, palette, transparency and pixels, all of them complete.

    Raises
    ------
    InvalidIonImageError
        When anything of it is missing, altered or contradictory.
    TooLargeError
        When its header claims more pixels than `limits`.
    """
    chunks = _chunks(content)
    header = _read_header(*next(chunks), limits)
    kept: dict[bytes, bytes] = {}
    pixels = []
    for kind, data in chunks:
        if kind == b"IDAT":
            pixels.append(data)
        elif kind in (b"PLTE", b"tRNS"):
            kept[kind] = data
        elif kind != b"IEND" and kind[:1].isupper():
            raise InvalidIonImageError(f"PNG has an unknown chunk {kind!r} that matters; right would be a standard PNG")
    raw = _unpack_whole(b"".join(pixels), header)
    parts = [(b"IHDR", content[16:29]), *_colour_chunks(header, kept), (b"IDAT", _store(raw)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(_pack(kind, data) for kind, data in parts)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and data of every chunk, from IHDR to IEND, each with its checksum checked."""
    if not content.startswith(_SIGNATURE):
        raise InvalidIonImageError("file does not begin as a PNG does; right would be a complete PNG file")
    position, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        length = int.from_bytes(content[position : position + 4])
        end = position + 12 + length
        if end > len(content):
            raise InvalidIonImageError("PNG ends too early; right would be a complete PNG file")
        kind, data = content[position + 4 : position + 8], content[position + 8 : end - 4]
        if zlib.crc32(content[position + 4 : end - 4]) != int.from_bytes(content[end - 4 : end]):
            raise InvalidIonImageError(
                f"PNG is corrupt: checksum of {kind!r} is wrong; right would be a complete PNG file"
            )
        yield kind, data
        position = end


def _read_header(kind: bytes, data: bytes, limits: Limits) -> _Header:
    if kind != b"IHDR" or len(data) != _IHDR_BYTES:
        raise InvalidIonImageError("file does not begin as a PNG does; right would be a complete PNG file")
    width, height, bits, colour_type, compression, filtering, interlace = struct.unpack(">IIBBBBB", data)
    if not (width and height):
        raise InvalidIonImageError(f"PNG is {height} x {width} px; right would be at least 1 x 1")
    require_image_size(height, width, limits)
    known = colour_type in _COLOUR_TYPES and bits in _COLOUR_TYPES[colour_type][1]
    if not known or compression or filtering or interlace > 1:
        raise InvalidIonImageError("PNG has a header that no PNG may have; right would be a standard PNG file")
    return _Header(width, height, bits, colour_type, interlaced=interlace == 1)


def _colour_chunks(header: _Header, kept: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """Palette and transparency, where the colour type has them."""
    found = []
    palette, transparency = kept.get(b"PLTE"), kept.get(b"tRNS")
    if header.colour_type == _PALETTE:
        if palette is None or len(palette) % 3 or not 3 <= len(palette) <= 3 << header.bits:
            raise InvalidIonImageError("PNG has no usable palette; right would be a standard PNG file")
        found.append((b"PLTE", palette))
    if transparency is not None:
        length = _COLOUR_TYPES[header.colour_type][2]
        entries = len(palette or b"") // 3
        fits = 1 <= len(transparency) <= entries if header.colour_type == _PALETTE else len(transparency) == length
        if not fits:
            raise InvalidIonImageError("PNG has an unusable transparency chunk; right would be a standard PNG file")
        found.append((b"tRNS", transparency))
    return found


def _unpack_whole(packed: bytes, header: _Header) -> bytes:
    """The filtered rows: as many bytes as the header promises, an intact checksum, known row filters."""
    scanlines = header.scanlines()
    expected = sum(rows * row_bytes for rows, row_bytes in scanlines)
    try:
        raw = imagecodecs.deflate_decode(packed, out=expected, raw=False)
    except imagecodecs.DeflateError:  # zlib is slower, and says what is wrong
        raw = _unpack_with_zlib(packed, expected)
    if len(raw) != expected:
        raise _wrong_size()
    position = 0
    for rows, row_bytes in scanlines:
        end = position + rows * row_bytes
        if max(raw[position:end:row_bytes]) > _LAST_FILTER:
            raise InvalidIonImageError("PNG has an unknown row filter; right would be a standard PNG file")
        position = end
    return bytes(raw)


def _unpack_with_zlib(packed: bytes, expected: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(packed, expected + 1)
    except zlib.error as error:
        raise InvalidIonImageError(f"PNG cannot be unpacked ({error}); right would be a complete PNG file") from error
    if not unpacker.eof:
        raise _wrong_size()
    return raw


def _wrong_size() -> InvalidIonImageError:
    return InvalidIonImageError("PNG has too few or too many pixels; right would be as many as its header says")


def _store(raw: bytes) -> bytes:
    """A zlib stream that holds `raw` as it is, so that the decoder does not unpack it again (RFC 1950, RFC 1951)."""
    blocks = []
    for start in range(0, len(raw), _BLOCK_BYTES):
        block = raw[start : start + _BLOCK_BYTES]
        last = start + _BLOCK_BYTES >= len(raw)
        blocks += [struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF), block]
    return b"\x78\x01" + b"".join(blocks) + struct.pack(">I", zlib.adler32(raw))


def _pack(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
