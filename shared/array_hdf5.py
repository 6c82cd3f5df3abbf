"""Datasets of a foreign HDF5 file: looked at before they are read, for the format can point out of the file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from shared.array_checks import check_kind
from shared.disk_errors import PASSING_ERRNOS
from shared.errors import InvalidIonImageError
from shared.foreign_file import OpenedFile
from shared.inflation import DEFLATE_RATIO, require_inflates_to_at_most
from shared.limits import Limits, require_at_most

_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_LZF}
_STORED_SLACK_BYTES = 65_536
"""What filters may add to a chunk that cannot be shrunk."""
_TEXTS_AT_ONCE = 64
_TEXT_CHARACTERS = 512


@contextmanager
def hdf5_errors_translated(what: str) -> Iterator[None]:
    """Turn what foreign bytes do to HDF5 into the caller's error; a failing disk stays an OSError."""
    try:
        yield
    except (KeyError, ValueError, TypeError, RuntimeError, OverflowError, MemoryError) as error:
        raise _make_error(what, error) from error
    except OSError as error:
        if error.errno in PASSING_ERRNOS:
            raise
        raise _make_error(what, error) from error


@contextmanager
def open_hdf5(file: OpenedFile) -> Iterator[h5py.File]:
    """Open an HDF5 file until the block ends, in which errors are translated as by `hdf5_errors_translated`."""
    with hdf5_errors_translated(file.name), file.open_stream() as stream, h5py.File(stream, "r") as opened:
        yield opened


def _make_error(what: str, error: Exception) -> InvalidIonImageError:
    first_line = str(error).partition("\n")[0][:200]
    return InvalidIonImageError(f"{what} cannot be read ({first_line}); right would be a sound HDF5 file")


def find_member(group: h5py.Group, name: str) -> Any:
    """A group or dataset of this very file, or None.

    Raises
    ------
    InvalidIonImageError
        When it is a link, which could lead into another file.
    """
    for part in name.split("/"):
        link = group.get(part, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise InvalidIonImageError(f"`{name}` is a link; right would be the thing itself, in the same file")
        group = group[part]
    return group


def find_dataset(group: h5py.Group, name: str, kinds: str, limits: Limits) -> h5py.Dataset | None:
    """A dataset whose values lie in this file and unpack within the limits, or None.

    Raises
    ------
    InvalidIonImageError
        When it is a group, or of another dtype than `kinds`, or its values lie elsewhere or are packed unusually.
    TooLargeError
        When it, or one of its chunks, is too large.
    """
    dataset = find_member(group, name)
    if dataset is None:
        return None
    what = f"`{name}`"
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise InvalidIonImageError(f"{what} is no array; right would be one")
    check_kind(dataset.dtype, kinds, what)
    if dataset.external or dataset.is_virtual:
        raise InvalidIonImageError(f"{what} has its values in other files; right would be in its own")
    require_at_most(prod(dataset.shape) * dataset.dtype.itemsize, limits.array_file_bytes, f"size of {what} in bytes")
    if dataset.chunks is not None:
        _check_chunks(dataset, what, limits)
    return dataset


def _check_chunks(dataset: h5py.Dataset, what: str, limits: Limits) -> None:
    """Refuse filters that this project does not know, and chunks that unpack to more than they should."""
    nominal = prod(dataset.chunks) * dataset.dtype.itemsize
    require_at_most(nominal, limits.array_chunk_bytes, f"size of a chunk of {what} in bytes")
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]
    if not set(filters) <= _FILTERS:
        raise InvalidIonImageError(f"{what} is packed by an unknown filter; right would be gzip, lzf or none")
    if not filters:
        return

    def check_chunk(chunk: Any) -> None:
        require_at_most(chunk.size, nominal + _STORED_SLACK_BYTES, f"size of a stored chunk of {what} in bytes")
        if h5py.h5z.FILTER_DEFLATE in filters and chunk.size * DEFLATE_RATIO > limits.array_chunk_bytes:
            suspects.append(chunk.chunk_offset)

    suspects: list[tuple[int, ...]] = []
    dataset.id.chunk_iter(check_chunk)
    for offset in suspects:
        _, content = dataset.id.read_direct_chunk(offset)
        if h5py.h5z.FILTER_FLETCHER32 not in filters or filters.index(h5py.h5z.FILTER_FLETCHER32) < len(filters) - 1:
            require_inflates_to_at_most(content, "zlib", limits.array_chunk_bytes, f"a chunk of {what}")


def read_texts(dataset: h5py.Dataset, what: str) -> list[str]:
    """Read a column of texts, a few at a time: each is refused when it is too long to be an annotation id."""
    texts: list[str] = []
    for start in range(0, dataset.shape[0], _TEXTS_AT_ONCE):
        found: Sequence[Any] = dataset[start : start + _TEXTS_AT_ONCE].tolist()
        texts += [one.decode() if isinstance(one, bytes) else str(one) for one in found]
        require_at_most(max(map(len, texts[start:])), _TEXT_CHARACTERS, f"length of an entry of {what}")
    return texts


def read_numbers(dataset: h5py.Dataset) -> npt.NDArray[Any]:
    """Read a whole column of numbers."""
    return np.asarray(dataset[()])
