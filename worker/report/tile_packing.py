"""Tiles packed for a page: a few at a time, compressed, as text."""

import zlib
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from shared.progress import ProgressCallback, ignore_progress
from worker.report.tile import Codes, coarsen
from worker.report.tile_buffer import TileBuffer

BLOCK_BYTES: Final = 128 * 2**10
"""Of the tiles in one block, which a browser inflates in a millisecond or two."""

MOST_PAGE_BYTES: Final = 37 * 10**6
"""Of all blocks together."""

STEPS: Final = (1, 2, 4, 8, 16)
"""How many linear levels are merged, the first with which the blocks are small enough."""

_SAMPLED = 500
_COMPRESSION = 6


@dataclass(frozen=True)
class TilePacking:
    """Which tiles are in which block, and how coarse they are."""

    blocks: tuple[tuple[str, ...], ...]
    """Annotation ids by block."""
    step: int


def plan_packing(tiles: TileBuffer, annotation_ids: Sequence[str]) -> TilePacking:
    """Divide tiles into blocks, in this order."""
    blocks: list[tuple[str, ...]] = []
    current: list[str] = []
    size = 0
    for annotation_id in annotation_ids:
        height, width = tiles.shape(annotation_id)
        if current and size + height * width > BLOCK_BYTES:
            blocks.append(tuple(current))
            current, size = [], 0
        current.append(annotation_id)
        size += height * width
    if current:
        blocks.append(tuple(current))
    return TilePacking(tuple(blocks), _choose_step(tiles, annotation_ids))


def pack(packing: TilePacking, tiles: TileBuffer, on_progress: ProgressCallback = ignore_progress) -> Iterator[str]:
    """Each block as base64 of its tiles, one after the other, compressed by deflate (RFC 1951)."""
    for number, block in enumerate(packing.blocks):
        on_progress("packing ion images", number, len(packing.blocks))
        yield pack_codes([coarsen(tiles.read(annotation_id).codes, packing.step) for annotation_id in block])


def pack_codes(pieces: Sequence[Codes]) -> str:
    """Arrays of bytes, one after the other, as base64 of deflate."""
    return b64encode(_deflate(pieces)).decode("ascii")


def _choose_step(tiles: TileBuffer, annotation_ids: Sequence[str]) -> int:
    """The finest step with which a sample of the tiles says that the page is small enough."""
    sampled = annotation_ids[:: max(1, len(annotation_ids) // _SAMPLED)]
    raw = [tiles.read(annotation_id).codes for annotation_id in sampled]
    share_sampled = len(raw) / max(len(annotation_ids), 1)
    for step in STEPS:
        estimated = 4 / 3 * sum(len(_deflate([coarsen(codes, step)])) for codes in raw)
        if estimated <= MOST_PAGE_BYTES * share_sampled:
            return step
    return STEPS[-1]


def _deflate(pieces: Sequence[Codes]) -> bytes:
    """One stream; each piece begins a block, so that it gets a Huffman code of its own (a tenth smaller)."""
    compressor = zlib.compressobj(_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL + 1)
    compressed = bytearray()
    for piece in pieces:
        compressed += compressor.compress(piece.tobytes())
        compressed += compressor.flush(zlib.Z_BLOCK)
    return bytes(compressed + compressor.flush())
