"""Find and read datasets of an untrusted HDF5 file, which are checked first, as HDF5 may refer to other files."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from math import prod
from typing import Any, Final

import h5py
import imagecodecs
import numpy as np
import numpy.typing as npt

from shared.arrays.checks import NUMBERS, STRING_BYTES, check_kind, read_strings
from shared.arrays.guarded_stream import GuardedStream
from shared.arrays.hdf5.compression import check_compression
from shared.arrays.hdf5.strings import ForeignHdf5, read_variable_strings
from shared.errors import InvalidIonImageError
from shared.files.foreign_file import TRANSIENT_ERRNOS, OpenedFile
from shared.limits import MEBIBYTE, Limits, require_at_most

PIECE_BYTES: Final = 32 * MEBIBYTE
"""Maximum size of a read of metadata and columns."""

_STRINGS_PER_READ: Final = 64
_NUMBERS_PER_READ: Final = 2**20
_STRING_CHARACTERS: Final = 512

_CORRUPT: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    SystemError,
    TypeError,
    ValueError,
    imagecodecs.LzfError,
    struct.error,
    zlib.error,
)
"""What h5py and HDF5 raise for corrupt files, which is not documented; fuzzing found all of these. Bugs of this
project raise them, too, so its own checks do not belong inside the block."""


@contextmanager
def open_hdf5(file: OpenedFile, max_bytes: int = PIECE_BYTES) -> Iterator[ForeignHdf5]:
    """Open an HDF5 file until the block ends; no read is larger than `max_bytes`.

    Exceptions of HDF5 on corrupt files become `InvalidIonImageError`; a failing disk stays an OSError.
    """
    try:
        with file.open_stream() as stream, ForeignHdf5(GuardedStream(stream, max_bytes)) as opened:
            yield opened
    except _CORRUPT as error:
        raise _make_error(file.name, error) from error
    except OSError as error:
        if error.errno in TRANSIENT_ERRNOS:
            raise
        raise _make_error(file.name, error) from error


def _make_error(what: str, error: Exception) -> InvalidIonImageError:
    first_line = str(error).partition("\n")[0][:200]
    return InvalidIonImageError(f"{what} cannot be read ({first_line}); expected an intact HDF5 file")


def find_member(group: h5py.Group, name: str) -> Any:
    """A group or dataset of this file, or None.

    Raises
    ------
    InvalidIonImageError
        When it is a link, which could refer to another file, or its values are in other files.
    """
    parts = name.split("/")
    for depth, part in enumerate(parts, start=1):
        link = group.get(part, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise InvalidIonImageError(f"`{name}` is a link; expected a group or dataset in the same file")
        group = group[part]
        if isinstance(group, h5py.Dataset):
            _require_own_values(group, name)
            return group if depth == len(parts) else None
    return group


def _require_own_values(dataset: h5py.Dataset, name: str) -> None:
    """Must come first: a virtual dataset opens its sources to determine its shape."""
    properties = dataset.id.get_create_plist()
    if properties.get_layout() == h5py.h5d.VIRTUAL or properties.get_external_count():
        raise InvalidIonImageError(f"expected the values of `{name}` in this file, but they are stored in other files")


def find_dataset(group: h5py.Group, name: str, kinds: str, max_bytes: int, chunk_bytes: int) -> h5py.Dataset | None:
    """A dataset whose values are in this file and decompress within limits, or None.

    Parameters
    ----------
    max_bytes, chunk_bytes
        Of all its values, and of one of its chunks, decompressed.

    Raises
    ------
    InvalidIonImageError
        When it is a group, has another dtype than `kinds`, values in other files, or an unsupported compression.
    TooLargeError
        When it, or one of its chunks, is too large.
    """
    dataset = find_member(group, name)
    if dataset is None:
        return None
    what = f"`{name}`"
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise InvalidIonImageError(f"expected an array as {what}, got a group or an empty dataset")
    check_kind(dataset.dtype, kinds, what)
    if dataset.dtype.kind == "O" and h5py.check_string_dtype(dataset.dtype) is None:
        raise InvalidIonImageError(f"{what} has dtype object; expected strings")
    require_at_most(prod(dataset.shape) * dataset.dtype.itemsize, max_bytes, f"size of {what} in bytes")
    check_compression(dataset, what, chunk_bytes)
    return dataset


def find_column(group: h5py.Group, name: str, kinds: str, count: int) -> h5py.Dataset | None:
    """A dataset of `count` values, or None; raises as `find_dataset`, and when their number is different."""
    itemsize = STRING_BYTES if kinds != NUMBERS else 8
    column = find_dataset(group, name, kinds, max(1, count) * itemsize, PIECE_BYTES)
    if column is not None and column.shape != (count,):
        raise InvalidIonImageError(f"`{name}` has shape {column.shape}; expected {(count,)}")
    return column


def read_string_column(file: ForeignHdf5, dataset: h5py.Dataset, what: str) -> list[str]:
    """Read a column of strings, a few at a time.

    Raises
    ------
    InvalidIonImageError, TooLargeError
        When one is not valid Unicode, or too long for an annotation id, or all exceed the size limit of an event.
    """
    strings: list[str] = []
    characters = 0
    for part in _read_parts(file, dataset, what):
        found = read_strings(part, what)
        require_at_most(max(map(len, found)), _STRING_CHARACTERS, f"length of an entry of {what}")
        characters += sum(map(len, found))
        require_at_most(characters, Limits.event_bytes, f"total length of {what}")
        strings += found
    return strings


def _read_parts(file: ForeignHdf5, dataset: h5py.Dataset, what: str) -> Iterator[npt.NDArray[Any]]:
    """Values of a column of strings, a few at a time."""
    if dataset.dtype.kind == "O":
        values = read_variable_strings(file, dataset, what)
        while part := list(islice(values, _STRINGS_PER_READ)):
            yield np.array(part, dtype=object)
        return
    for start in range(0, dataset.shape[0], _STRINGS_PER_READ):
        yield dataset[start : start + _STRINGS_PER_READ]


def read_numbers(dataset: h5py.Dataset, dtype: npt.DTypeLike | None = None) -> npt.NDArray[Any]:
    """Read a whole column of numbers, a piece at a time, as `dtype`; None = as they are."""
    found = np.empty(dataset.shape, dataset.dtype if dtype is None else dtype)
    for start in range(0, len(found), _NUMBERS_PER_READ):
        found[start : start + _NUMBERS_PER_READ] = dataset[start : start + _NUMBERS_PER_READ]
    return found
