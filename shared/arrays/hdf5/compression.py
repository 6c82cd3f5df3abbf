"""How the chunks of an HDF5 dataset are packed: judged before HDF5, which unpacks without bounds, sees them."""

import zlib
from math import prod
from typing import Any, Final

import h5py
import imagecodecs

from shared.errors import InvalidIonImageError
from shared.limits import require_at_most

STORED_SLACK_BYTES: Final = 65_536
"""What filters may add to a chunk that cannot be shrunk."""

_DEFLATE: Final = h5py.h5z.FILTER_DEFLATE
_LZF: Final = h5py.h5z.FILTER_LZF
_FLETCHER32: Final = h5py.h5z.FILTER_FLETCHER32
_PACKERS: Final = {_DEFLATE, _LZF}
_FILTERS: Final = {*_PACKERS, _FLETCHER32, h5py.h5z.FILTER_SHUFFLE}
_CHECKSUM_BYTES: Final = 4
REFERENCE_BYTES: Final = 16
"""What is stored in place of a text of variable length."""
_MAX_CHUNKS: Final = 2**18
"""Chunks of one dataset, each of which is looked at; h5py makes some 20,000 of 4 GiB."""


def chunk_bytes(dataset: h5py.Dataset) -> int:
    """Bytes of a whole chunk as stored, unpacked; 0 where there are none."""
    if dataset.chunks is None:
        return 0
    itemsize = REFERENCE_BYTES if dataset.dtype.kind == "O" else dataset.dtype.itemsize
    return int(prod(dataset.chunks) * itemsize)


def check_compression(dataset: h5py.Dataset, what: str, max_bytes: int) -> None:
    """Refuse filters that this project does not know, chunks of more than `max_bytes`, and those of another size.

    Raises
    ------
    InvalidIonImageError
        When the filters are not among one of gzip and lzf, shuffle and fletcher32, each once; or a chunk does not
        unpack to its size.
    TooLargeError
        When there are too many chunks, or one is too large.
    """
    if dataset.chunks is None:
        return
    nominal = chunk_bytes(dataset)
    require_at_most(nominal, max_bytes, f"size of a chunk of {what} in bytes")
    count = prod(-(-side // step) for side, step in zip(dataset.shape, dataset.chunks, strict=True))
    require_at_most(count, _MAX_CHUNKS, f"number of chunks of {what}")
    filters = _list_filters(dataset, what)
    _check_chunks(dataset, what, filters)


def _list_filters(dataset: h5py.Dataset, what: str) -> list[int]:
    """In the order in which they were applied. Two that pack would unpack one another's output without bounds."""
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]
    if not set(filters) <= _FILTERS:
        raise InvalidIonImageError(f"{what} is packed by an unknown filter; expected gzip, lzf or none")
    if len(set(filters)) < len(filters) or set(filters) >= _PACKERS:
        raise InvalidIonImageError(f"{what} is packed twice; expected gzip, lzf or none, once")
    return filters


def _check_chunks(dataset: h5py.Dataset, what: str, filters: list[int]) -> None:
    """Refuse chunks that are stored as more than their size, or unpack to less or more than it.

    HDF5 does not: it unpacks however much there is, and reads beyond the end of what is too short.
    """
    nominal = chunk_bytes(dataset)
    offsets: list[tuple[int, ...]] = []

    def check_chunk(chunk: Any) -> None:
        require_at_most(chunk.size, nominal + STORED_SLACK_BYTES, f"size of a stored chunk of {what} in bytes")
        offsets.append(chunk.chunk_offset)

    dataset.id.chunk_iter(check_chunk)
    for offset in offsets:
        skipped, content = dataset.id.read_direct_chunk(offset)
        applied = [kind for number, kind in enumerate(filters) if not skipped >> number & 1]
        size = _unpacked_bytes(content, applied, nominal + _CHECKSUM_BYTES)
        if size != nominal:
            raise InvalidIonImageError(f"a chunk of {what} unpacks to {size:,} bytes or more; expected {nominal:,}")


def _unpacked_bytes(content: bytes, filters: list[int], most: int) -> int:
    """Bytes that a chunk unpacks to; above `most` it may be more."""
    size = len(content)
    for kind in reversed(filters):
        if kind == _FLETCHER32:
            content, size = content[:-_CHECKSUM_BYTES], size - _CHECKSUM_BYTES
        elif kind == _DEFLATE:
            inflater = zlib.decompressobj()
            size = len(inflater.decompress(content, most + 1))
            if not inflater.eof and size <= most:
                return 0
        elif kind == _LZF:
            size = len(imagecodecs.lzf_decode(content, out=most))
    return size
