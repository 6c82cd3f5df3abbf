"""Check the chunks of an HDF5 dataset before HDF5 reads them, as it decompresses without a limit."""

import zlib
from math import prod
from typing import Any, Final

import h5py
import imagecodecs

from shared.errors import InvalidIonImageError
from shared.limits import require_at_most

STORED_SLACK_BYTES: Final = 65_536
"""What filters may add to incompressible data."""

_DEFLATE: Final = h5py.h5z.FILTER_DEFLATE
_LZF: Final = h5py.h5z.FILTER_LZF
_FLETCHER32: Final = h5py.h5z.FILTER_FLETCHER32
_COMPRESSORS: Final = {_DEFLATE, _LZF}
_FILTERS: Final = {*_COMPRESSORS, _FLETCHER32, h5py.h5z.FILTER_SHUFFLE}
_CHECKSUM_BYTES: Final = 4
REFERENCE_BYTES: Final = 16
"""Size of the reference that is stored for a string of variable length."""
_MAX_CHUNKS: Final = 2**18
"""Maximum number of chunks of a dataset, all of which are checked; h5py makes some 20,000 of 4 GiB."""


def chunk_bytes(dataset: h5py.Dataset) -> int:
    """Decompressed size of a whole chunk; 0 where there are none."""
    if dataset.chunks is None:
        return 0
    itemsize = REFERENCE_BYTES if dataset.dtype.kind == "O" else dataset.dtype.itemsize
    return int(prod(dataset.chunks) * itemsize)


def check_compression(dataset: h5py.Dataset, what: str, max_bytes: int) -> None:
    """Refuse unknown filters, chunks of more than `max_bytes`, and chunks that do not decompress to their size.

    Raises
    ------
    InvalidIonImageError
        When there are other filters than shuffle, fletcher32 and one of gzip and lzf, or one is used twice; or a chunk
        does not decompress to its size.
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
    """Filters in the order in which they were applied. The output between two compressors would have no limit."""
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]
    if not set(filters) <= _FILTERS:
        raise InvalidIonImageError(f"{what} has an unknown filter; expected gzip, lzf or none")
    if len(set(filters)) < len(filters) or set(filters) >= _COMPRESSORS:
        raise InvalidIonImageError(f"{what} is compressed twice; expected gzip, lzf or none, once")
    return filters


def _check_chunks(dataset: h5py.Dataset, what: str, filters: list[int]) -> None:
    """Refuse chunks that are larger than their size as stored, or do not decompress to it.

    HDF5 does not check this: it decompresses however much there is, and reads beyond the end of too short data.
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
        size = _decompressed_bytes(content, applied, nominal + _CHECKSUM_BYTES)
        if size != nominal:
            raise InvalidIonImageError(
                f"a chunk of {what} decompresses to {size:,} bytes or more; expected {nominal:,}"
            )


def _decompressed_bytes(content: bytes, filters: list[int], most: int) -> int:
    """Decompressed size of a chunk; above `most` it may be more."""
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
