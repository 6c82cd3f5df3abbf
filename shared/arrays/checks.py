"""Checks of shapes, types and strings that array files of all formats share."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidIonImageError
from shared.limits import Limits, require_at_most

NUMBERS = "fiub"
STRINGS = "USOTiu"
STRING_BYTES = 4 * 512
"""Size of the longest allowed annotation id, as NumPy stores it."""
_NUMBER_BYTES = 8


def check_image_shape(shape: tuple[int, ...], what: str) -> tuple[int, int, int]:
    """(N, H, W) of an (N, H, W) array, or of one (H, W) image; refuse any other."""
    whole = shape if len(shape) != 2 else (1, *shape)
    if len(whole) != 3 or 0 in whole[1:]:
        raise InvalidIonImageError(f"{what} has shape {whole}; expected (N, height, width)")
    count, height, width = whole
    return count, height, width


def check_mask_shape(found: tuple[int, ...], shape: tuple[int, int, int], what: str) -> None:
    """Refuse an acquisition mask that is neither one for all images nor one for each."""
    if found not in (shape, shape[1:]):
        raise InvalidIonImageError(f"{what} has shape {found}; expected {shape} or {shape[1:]}")


def check_column_shape(found: tuple[int, ...], shape: tuple[int, int, int], what: str) -> None:
    """Refuse a column without exactly one entry for each image."""
    if found != shape[:1]:
        raise InvalidIonImageError(f"{what} has shape {found}; expected {shape[:1]}")


def check_kind(dtype: np.dtype[Any], kinds: str, what: str) -> None:
    """Refuse a dtype of other than NumPy's `kinds`, numbers of more than 64 bits, and too long strings.

    Raises
    ------
    InvalidIonImageError, TooLargeError
        When it is one of these.
    """
    if dtype.kind not in kinds:
        wanted = "strings or whole numbers" if "U" in kinds else "real numbers"
        raise InvalidIonImageError(f"{what} has dtype {str(dtype)[:100]}; expected {wanted}")
    if dtype.kind in NUMBERS and dtype.itemsize > _NUMBER_BYTES:
        raise InvalidIonImageError(f"{what} has numbers of {8 * dtype.itemsize} bits; expected at most 64")
    if dtype.kind in "US":
        require_at_most(dtype.itemsize, STRING_BYTES, f"size of an entry of {what} in bytes")


def read_strings(values: npt.NDArray[Any], what: str) -> list[str]:
    """The strings of a column, or of a part of one: Unicode, UTF-8 bytes, or whole numbers.

    Raises
    ------
    InvalidIonImageError
        When one is not valid Unicode: half of a surrogate pair, or a too large code point.
    """
    if values.dtype.kind == "U":
        letters = values.astype(values.dtype.newbyteorder("=")).view(np.uint32)
        if letters.size and int(letters.max()) > sys.maxunicode:  # NumPy does not check this, and Python aborts
            raise InvalidIonImageError(f"{what} has a character beyond U+{sys.maxunicode:X}; expected Unicode")
    try:
        strings = [value.decode() if isinstance(value, bytes) else str(value) for value in values.tolist()]
        "".join(strings).encode()
    except UnicodeError as error:
        raise InvalidIonImageError(f"{what} are not valid strings ({error}); expected Unicode") from error
    return strings


def check_annotation_ids(strings: Sequence[str], what: str, limits: Limits) -> None:
    """Refuse annotation ids that repeat, or that together exceed the size limit of an event.

    Raises
    ------
    InvalidIonImageError, TooLargeError
        When they do, or are.
    """
    require_at_most(sum(map(len, strings)), limits.event_bytes, f"total length of {what}")
    if len(set(strings)) != len(strings):
        raise InvalidIonImageError(f"{what} repeats an id; expected unique ids")
