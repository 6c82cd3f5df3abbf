"""Writing HDF5 files so that a full disk is an error: HDF5 itself ends the process where it cannot close a file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py


@contextmanager
def write_hdf5(path: Path, room_bytes: int) -> Iterator["h5py.File"]:
    """Open a file for writing, a new one where there is none, with room reserved; what is not used is given back.

    Parameters
    ----------
    room_bytes
        The most that is added to the file.

    Raises
    ------
    OSError
        When the disk has no such room, or the file cannot be written.
    """
    import h5py  # noqa: PLC0415 - an extra

    if not path.exists():
        empty = BytesIO()
        h5py.File(empty, "w").close()
        path.write_bytes(empty.getvalue())
    with path.open("r+b") as stream:
        os.posix_fallocate(stream.fileno(), 0, path.stat().st_size + room_bytes)
    with h5py.File(path, "r+") as file:
        yield file
