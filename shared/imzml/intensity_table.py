"""A table for the intensities of many ions at many pixels, in memory or in a temporary file."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import Final

import numpy as np

from shared.files.temporary_room import reserve_room
from shared.ion_image import Intensities

MAX_MEMORY_BYTES: Final = 256 * 2**20
"""Size above which a table is in a temporary file."""

MAX_BYTES: Final = 4 * 2**30
"""Size above which ions are extracted in several passes."""


def ions_per_table(pixel_count: int) -> int:
    """Number of ions in one table, at least one."""
    return max(1, MAX_BYTES // (pixel_count * np.dtype(np.float32).itemsize))


@contextmanager
def open_intensity_table(ion_count: int, pixel_count: int) -> Iterator[Intensities]:
    """A table of zeros, (N, P) float32: in memory, or in a nameless file that is gone when the process ends.

    Raises
    ------
    NoRoomError
        When the temporary folder is too small for it, or full now.
    """
    size = ion_count * pixel_count * np.dtype(np.float32).itemsize
    if size <= MAX_MEMORY_BYTES:
        yield np.zeros((ion_count, pixel_count), dtype=np.float32)
        return
    with TemporaryFile(prefix="offsample-ion-images-") as file:
        reserve_room(file, size, "ion images")
        yield np.memmap(file, dtype=np.float32, mode="r+", shape=(ion_count, pixel_count))
