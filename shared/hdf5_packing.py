"""How the chunks of an HDF5 dataset are packed: judged before HDF5, which unpacks without bounds, sees them."""

from math import prod
from typing import Any, Final

import h5py

from shared.errors import InvalidIonImageError
from shared.inflation import DEFLATE_RATIO, LZF_RATIO, require_inflates_to_at_most
from shared.limits import require_at_most

STORED_SLACK_BYTES: Final = 65_536
"""What filters may add to a chunk that cannot be shrunk."""

_DEFLATE: Final = h5py.h5z.FILTER_DEFLATE
_LZF: Final = h5py.h5z.FILTER_LZF
_FLETCHER32: Final = h5py.h5z.FILTER_FLETCHER32
_RATIOS: Final = {_DEFLATE: DEFLATE_RATIO, _LZF: LZF_RATIO}
_CODECS: Final = {_DEFLATE: "zlib", _LZF: "lzf"}
_FILTERS: Final = {*_RATIOS, _FLETCHER32, h5py.h5z.FILTER_SHUFFLE}
_CHECKSUM_BYTES: Final = 4
_MOST_CHUNKS: Final = 2**22
"""Chunks of one dataset, each of which is looked at."""


def chunk_bytes(dataset: h5py.Dataset) -> int:
    """Bytes of a whole chunk, unpacked; 0 where there are none."""
    return 0 if dataset.chunks is None else prod(dataset.chunks) * dataset.dtype.itemsize


def check_packing(dataset: h5py.Dataset, what: str, most_bytes: int) -> None:
    """Refuse filters that this project does not know, and chunks that are, or unpack to, more than `most_bytes`.

    Raises
    ------
    InvalidIonImageError
        When the filters are not among one of gzip and lzf, shuffle and fletcher32, each once.
    TooLargeError
        When there are too many chunks, or one is too large.
    """
    if dataset.chunks is None:
        return
    nominal = chunk_bytes(dataset)
    require_at_most(nominal, most_bytes, f"size of a chunk of {what} in bytes")
    count = prod(-(-side // step) for side, step in zip(dataset.shape, dataset.chunks, strict=True))
    require_at_most(count, _MOST_CHUNKS, f"number of chunks of {what}")
    filters = _list_filters(dataset, what)
    if filters:
        _check_chunks(dataset, what, filters, most_bytes)


def _list_filters(dataset: h5py.Dataset, what: str) -> list[int]:
    """In the order in which they were applied. Two that pack would unpack one another's output without bounds."""
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]
    if not set(filters) <= _FILTERS:
        raise InvalidIonImageError(f"{what} is packed by an unknown filter; expected gzip, lzf or none")
    if len(set(filters)) < len(filters) or {*_RATIOS} <= {*filters}:
        raise InvalidIonImageError(f"{what} is packed twice; expected gzip, lzf or none, once")
    return filters


def _check_chunks(dataset: h5py.Dataset, what: str, filters: list[int], most_bytes: int) -> None:
    """Refuse chunks that are stored as more than their size, or unpack to more than `most_bytes`."""
    packer = next((one for one in filters if one in _RATIOS), None)
    ratio, place = (0, 0) if packer is None else (_RATIOS[packer], filters.index(packer))
    most_stored = chunk_bytes(dataset) + STORED_SLACK_BYTES
    suspects: list[tuple[int, ...]] = []

    def check_chunk(chunk: Any) -> None:
        require_at_most(chunk.size, most_stored, f"size of a stored chunk of {what} in bytes")
        if chunk.size * ratio > most_bytes and not chunk.filter_mask >> place & 1:
            suspects.append(chunk.chunk_offset)

    dataset.id.chunk_iter(check_chunk)
    for offset in suspects:
        _, content = dataset.id.read_direct_chunk(offset)
        if _FLETCHER32 in filters and filters.index(_FLETCHER32) > place:
            content = content[:-_CHECKSUM_BYTES]
        require_inflates_to_at_most(content, _CODECS[filters[place]], most_bytes, f"a chunk of {what}")
