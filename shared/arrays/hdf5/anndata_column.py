"""Read a column of an AnnData table in any encoding of AnnData.

An array; a group of `values` and `mask` (nullable numbers and strings); or one of `codes` and `categories` (AnnData
on-disk format 0.1 and 0.2, "Dataframes", "Categorical arrays", "Nullable integers and booleans").
"""

from typing import Any, Final

import h5py
import numpy as np
import numpy.typing as npt

from shared.arrays.checks import NUMBERS, STRINGS
from shared.arrays.hdf5.file import find_column, find_member, read_numbers, read_string_column
from shared.arrays.hdf5.strings import ForeignHdf5
from shared.errors import InvalidIonImageError
from shared.limits import require_at_most

_LARGEST_POSITION: Final = 2**31 - 1
_MAX_CATEGORIES: Final = 2**20


def read_number_column(file: ForeignHdf5, name: str, count: int) -> npt.NDArray[Any] | None:
    """Numbers of a column of `count` entries, NaN where missing; None when there is no such column.

    Raises
    ------
    InvalidIonImageError, TooLargeError
        When it is not such a column, or its compression is not supported.
    """
    if not isinstance(find_member(file, name), h5py.Group):
        column = find_column(file, name, NUMBERS, count)
        return None if column is None else read_numbers(column)
    codes = _read_codes(file, name, count)
    if codes is not None:
        categories = read_numbers(_require(find_column(file, f"{name}/categories", NUMBERS, _count(file, name)), name))
        return _set_missing(categories[np.maximum(codes, 0)], codes < 0)
    values = read_numbers(_require(find_column(file, f"{name}/values", NUMBERS, count), name))
    return _set_missing(values, read_numbers(_require(find_column(file, f"{name}/mask", "b", count), name)))


def read_positions(file: ForeignHdf5, name: str, count: int) -> npt.NDArray[np.int32] | None:
    """Whole numbers from 0 of a column of `count` entries; None when there is no such column.

    Raises
    ------
    InvalidIonImageError, TooLargeError
        As `read_number_column`, and when one is missing, fractional, negative or beyond 32 bits.
    """
    values = read_number_column(file, name, count)
    if values is None:
        return None
    if values.dtype.kind == "f":
        values = values.astype(np.float64)  # smaller ones cannot be compared with 32 bits
    if values.size and not (values.min() >= 0 and values.max() <= _LARGEST_POSITION):  # NaN is neither
        raise InvalidIonImageError(
            f"`{name}` has values that are missing or outside an image; expected whole numbers from 0"
        )
    positions = values.astype(np.int32)
    if values.dtype.kind == "f" and not np.array_equal(positions, values):
        raise InvalidIonImageError(f"`{name}` has fractions; expected whole numbers from 0")
    return positions


def read_id_column(file: ForeignHdf5, name: str, count: int) -> list[str] | None:
    """Strings of a column of `count` entries; None when there is no such column. Raises as `read_number_column`."""
    if not isinstance(find_member(file, name), h5py.Group):
        column = find_column(file, name, STRINGS, count)
        return None if column is None else read_string_column(file, column, f"`{name}`")
    codes = _read_codes(file, name, count)
    if codes is None:
        return read_string_column(
            file, _require(find_column(file, f"{name}/values", STRINGS, count), name), f"`{name}`"
        )
    categories = _require(find_column(file, f"{name}/categories", STRINGS, _count(file, name)), name)
    if bool((codes < 0).any()):
        raise InvalidIonImageError(f"`{name}` lacks an entry; expected one for each ion")
    strings = read_string_column(file, categories, f"`{name}`")
    return [strings[code] for code in codes]


def _read_codes(file: ForeignHdf5, name: str, count: int) -> npt.NDArray[Any] | None:
    """Index of the category of each entry, -1 = none; None when the column has no categories."""
    column = find_column(file, f"{name}/codes", "iu", count)
    if column is None:
        return None
    codes = read_numbers(column)
    categories = _count(file, name)
    if not categories or (codes.size and not (codes.min() >= -1 and codes.max() < categories)):
        raise InvalidIonImageError(f"`{name}/codes` are outside `{name}/categories`; expected indices of categories")
    return codes


def _count(file: ForeignHdf5, name: str) -> int:
    """Number of categories of a column."""
    categories = find_member(file, f"{name}/categories")
    if not isinstance(categories, h5py.Dataset) or len(categories.shape or ()) != 1:
        raise InvalidIonImageError(f"`{name}` has no usable categories; expected a column as AnnData writes it")
    require_at_most(categories.shape[0], _MAX_CATEGORIES, f"number of categories of `{name}`")
    return int(categories.shape[0])


def _require(column: h5py.Dataset | None, name: str) -> h5py.Dataset:
    if column is None:
        raise InvalidIonImageError(f"`{name}` is a group without values; expected a column as AnnData writes it")
    return column


def _set_missing(values: npt.NDArray[Any], missing: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.where(missing, np.nan, values) if bool(missing.any()) else values
