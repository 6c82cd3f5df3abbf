"""What must hold of the arrays in any array file before they are read."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from shared.errors import InvalidIonImageError

NUMBERS = "fiub"
TEXTS = "USOTiu"


def check_image_shape(shape: tuple[int, ...], what: str) -> tuple[int, int, int]:
    """(N, H, W) of an (N, H, W) array, or of one (H, W) image; refuse any other."""
    whole = shape if len(shape) != 2 else (1, *shape)
    if len(whole) != 3 or 0 in whole[1:]:
        raise InvalidIonImageError(f"{what} has shape {whole}; right would be (N, height, width)")
    count, height, width = whole
    return count, height, width


def check_mask_shape(found: tuple[int, ...], shape: tuple[int, int, int], what: str) -> None:
    """Refuse an acquisition mask that is neither one for all images nor one each."""
    if found not in (shape, shape[1:]):
        raise InvalidIonImageError(f"{what} has shape {found}; right would be {shape} or {shape[1:]}")


def check_column_shape(found: tuple[int, ...], shape: tuple[int, int, int], what: str) -> None:
    """Refuse a column that has not one entry an image."""
    if found != shape[:1]:
        raise InvalidIonImageError(f"{what} has shape {found}; right would be {shape[:1]}")


def check_kind(dtype: np.dtype[Any], kinds: str, what: str) -> None:
    """Refuse a dtype that is none of NumPy's `kinds`."""
    if dtype.kind not in kinds:
        wanted = "texts or whole numbers" if "U" in kinds else "real numbers"
        raise InvalidIonImageError(f"{what} has dtype {dtype}; right would be {wanted}")


def make_annotation_ids(values: Sequence[object], what: str) -> list[str]:
    """N different annotation ids.

    Raises
    ------
    InvalidIonImageError
        When one is no text, or occurs twice.
    """
    try:
        texts = [value.decode() if isinstance(value, bytes) else str(value) for value in values]
    except ValueError as error:
        raise InvalidIonImageError(f"{what} are no texts ({error}); right would be Unicode") from error
    if len(set(texts)) != len(texts):
        raise InvalidIonImageError(f"{what} repeats an id; right would be a different one each")
    return texts
