"""Find the decompressed size of a chunk before it is decompressed."""

import zlib

from shared.errors import InvalidIonImageError
from shared.limits import require_at_most

_DEFLATE_RATIO = 1032
"""Maximum compression ratio of deflate (zlib's technical details)."""
_MAX_BLOSC_BLOCK_BYTES = 2**25
"""blosc needs three times the size of a block as working memory."""
_STEP_BYTES = 2**20
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_AUTOMATIC_WBITS = 47
"""Accept the header of zlib or gzip."""


def require_inflates_to_at_most(content: bytes, codec: str, limit: int, what: str) -> None:
    """Refuse a chunk that would decompress to more than `limit` bytes, by its header or by inflating in small steps.

    Parameters
    ----------
    codec
        `blosc`, `zstd`, `lz4` (as numcodecs writes them), `gzip` or `zlib`.

    Raises
    ------
    TooLargeError
        When it would.
    InvalidIonImageError
        When it does not declare its decompressed size.
    """
    if codec in ("gzip", "zlib"):
        decompressed = _count_inflated(content, limit, what)
    elif codec == "blosc":
        decompressed = _read_size(content, 4, 4, what)
        require_at_most(_read_size(content, 8, 4, what), _MAX_BLOSC_BLOCK_BYTES, f"size of a block of {what} in bytes")
    elif codec == "lz4":
        decompressed = _read_size(content, 0, 4, what)
    else:
        decompressed = _read_zstd_size(content, what)
    require_at_most(decompressed, limit, f"size of {what}, decompressed, in bytes")


def _count_inflated(content: bytes, limit: int, what: str) -> int:
    """Total decompressed size of the members; counting stops above the limit."""
    if len(content) * _DEFLATE_RATIO <= limit:
        return 0
    total, rest = 0, content
    try:
        while rest and total <= limit:
            inflater = zlib.decompressobj(_AUTOMATIC_WBITS)
            while not inflater.eof and total <= limit:
                piece = inflater.decompress(rest, _STEP_BYTES)
                rest = inflater.unconsumed_tail
                total += len(piece)
                if not piece and not rest:
                    return total  # truncated, which decompressing will report
            rest = inflater.unused_data
    except zlib.error as error:
        raise InvalidIonImageError(f"{what} is corrupt ({error}); expected intact data") from error
    return total


def _read_size(content: bytes, offset: int, width: int, what: str) -> int:
    field = content[offset : offset + width]
    if len(field) != width:
        raise InvalidIonImageError(f"{what} is truncated; expected complete data")
    return int.from_bytes(field, "little")


def _read_zstd_size(content: bytes, what: str) -> int:
    """Size of the content of a zstd frame (RFC 8878, 3.1.1.1)."""
    if content[:4] != _ZSTD_MAGIC or len(content) < 6:
        raise InvalidIonImageError(f"expected a zstd frame as {what}, got other bytes")
    descriptor = content[4]
    is_single_segment = bool(descriptor & 0x20)
    width = {0: 1 if is_single_segment else 0, 1: 2, 2: 4, 3: 8}[descriptor >> 6]
    if width == 0:
        raise InvalidIonImageError(
            f"{what} is a zstd frame that does not state its size; expected the size in its header,"
            " as numcodecs writes it"
        )
    offset = 5 + (0 if is_single_segment else 1) + (0, 1, 2, 4)[descriptor & 3]
    return _read_size(content, offset, width, what) + (256 if width == 2 else 0)
