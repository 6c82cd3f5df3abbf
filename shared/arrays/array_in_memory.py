"""Ion images that are in memory already, such as a notebook's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.arrays.checks import (
    NUMBERS,
    STRINGS,
    check_annotation_ids,
    check_column_shape,
    check_image_shape,
    check_kind,
    check_mask_shape,
    read_strings,
)
from shared.errors import InvalidIonImageError
from shared.limits import Limits, require_at_most, require_image_size

_WHAT = "the array"


@dataclass(frozen=True, eq=False)
class ArrayInMemory:
    """An array with its columns, checked.

    Attributes
    ----------
    images
        (N, H, W).
    acquired
        (N, H, W) or (H, W), non-zero = measured; None = every pixel was.
    mz
        (N,) Th, or None.
    annotation_ids
        N strings, or None.
    """

    images: npt.NDArray[Any]
    acquired: npt.NDArray[Any] | None = None
    mz: npt.NDArray[Any] | None = None
    annotation_ids: list[str] | None = None

    @property
    def path(self) -> Path:
        """What messages call it."""
        return Path(_WHAT)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, H, W)."""
        count, height, width = self.images.shape
        return count, height, width

    @property
    def has_independent_rows(self) -> bool:
        """Each image can be read whatever the others are."""
        return True

    def rows(self, wanted: Sequence[int] | None = None) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any] | None]]:
        """Yield each image (H, W) with its mask, see `IonImageArray`."""
        for number in range(len(self.images)) if wanted is None else wanted:
            acquired = self.acquired
            yield self.images[number], acquired[number] if acquired is not None and acquired.ndim == 3 else acquired


def make_array(
    images: npt.ArrayLike,
    limits: Limits,
    *,
    acquired: npt.ArrayLike | None = None,
    mz: npt.ArrayLike | None = None,
    annotation_ids: Sequence[str] | None = None,
) -> ArrayInMemory:
    """Check ion images in memory as those of a file are checked.

    Parameters
    ----------
    images
        (N, H, W), or (H, W) for one image; real numbers.
    acquired, mz, annotation_ids
        As in `ArrayInMemory`.

    Raises
    ------
    InvalidIonImageError, TooLargeError
        When a shape or a type is wrong, an id repeats, or there is too much.
    """
    values = _to_array(images, NUMBERS, "images")
    shape = check_image_shape(values.shape, "images")
    require_at_most(shape[0], limits.event_ions, "number of ion images")
    require_image_size(*shape[1:], limits)
    mask = None if acquired is None else _to_array(acquired, NUMBERS, "acquired")
    if mask is not None:
        check_mask_shape(mask.shape, shape, "acquired")
    masses = None if mz is None else _to_array(mz, "fiu", "mz")
    if masses is not None:
        check_column_shape(masses.shape, shape, "mz")
    ids = None if annotation_ids is None else _read_ids(annotation_ids, shape, limits)
    return ArrayInMemory(values.reshape(shape), mask, masses, ids)


def _read_ids(annotation_ids: Sequence[str], shape: tuple[int, int, int], limits: Limits) -> list[str]:
    names = np.asarray(annotation_ids)
    if names.dtype.kind == "O":  # as pandas has them
        names = names.astype(str)
    check_kind(names.dtype, STRINGS, "annotation_ids")
    check_column_shape(names.shape, shape, "annotation_ids")
    found = read_strings(names, "annotation_ids")
    check_annotation_ids(found, "annotation_ids", limits)
    return found


def _to_array(given: npt.ArrayLike, kinds: str, what: str) -> npt.NDArray[Any]:
    try:
        values = np.asarray(given)
    except ValueError as error:  # rows of different lengths
        raise InvalidIonImageError(f"{what} is not an array ({error}); expected rows of equal lengths") from error
    check_kind(values.dtype, kinds, what)
    return values
