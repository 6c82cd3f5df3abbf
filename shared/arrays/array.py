"""Open an array file of ion images of any supported format; images are read a few at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from shared.arrays.npz import open_npz
from shared.errors import InvalidIonImageError, NotFoundError, UnsupportedSourceError
from shared.files.foreign_file import OpenedFile, OpenedFolder, open_path
from shared.limits import Limits

ARRAY_SUFFIXES = (".npz", ".npy", ".zarr", ".h5ad")
"""Suffixes of array files; the format is recognised by content."""
_HDF5_START = b"\x89HDF\r\n\x1a\n"
_ZARR_FILES = ("zarr.json", ".zgroup", ".zarray")


class IonImageArray(Protocol):
    """An open array file: shape and columns are read, images are not yet."""

    @property
    def path(self) -> Path:
        """The file, or for zarr the folder."""
        ...

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, H, W)."""
        ...

    @property
    def mz(self) -> npt.NDArray[Any] | None:
        """(N,) Th, or None."""
        ...

    @property
    def annotation_ids(self) -> list[str] | None:
        """N strings, or None."""
        ...

    @property
    def has_independent_rows(self) -> bool:
        """Whether images after an unreadable one can still be read."""
        ...

    def rows(self, wanted: Sequence[int] | None = None) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any] | None]]:
        """Read the images with these numbers (ascending; None = all), one after the other.

        Each is (H, W) as stored, with its mask: (H, W), non-zero = measured; None = all were.

        Raises
        ------
        InvalidIonImageError, TooLargeError
            When the file is corrupt, truncated or decompresses to too much; the images before that are valid.
        """
        ...


def is_zarr_folder(path: Path) -> bool:
    """Whether a folder is a zarr group or array."""
    return any((path / name).is_file() for name in _ZARR_FILES)


def open_array(file: Path | OpenedFile | OpenedFolder, limits: Limits) -> IonImageArray:
    """Open an array file: `.npz`, `.npy`, zarr (2 or 3) or AnnData `.h5ad` (docs/sources.md).

    Parameters
    ----------
    file
        A trusted path; or an untrusted file or folder that is already open, outside of which nothing is read.

    Raises
    ------
    InvalidIonImageError
        When it is none of these, pickled, corrupt, or its columns do not match its images. A truncated file can be
        opened.
    TooLargeError
        When bytes, images or pixels exceed `limits`; checked in the headers.
    UnsupportedSourceError
        When the package for its format is not installed.
    NotFoundError, OSError
        When a path cannot be opened.
    """
    opened = open_path(file.resolve()) if isinstance(file, Path) else file
    if isinstance(opened, OpenedFile):
        with opened.open_stream() as stream:
            is_hdf5 = stream.read(len(_HDF5_START)) == _HDF5_START
        if not is_hdf5:
            return open_npz(opened, limits)
    elif not _has_zarr_metadata(opened):
        raise InvalidIonImageError(f"{opened.name} is a folder without zarr metadata; expected a zarr folder")
    try:
        if isinstance(opened, OpenedFolder):
            from shared.arrays.zarr_group import open_zarr  # noqa: PLC0415 - an extra
            from shared.arrays.zarr_guard import read_below  # noqa: PLC0415 - an extra

            return open_zarr(opened.path, read_below(opened), limits)
        from shared.arrays.hdf5.anndata import open_h5ad  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UnsupportedSourceError(
            f"{opened.name} needs {error.name}, which is not installed; install it with pip install 'offsample[arrays]'"
        ) from error
    return open_h5ad(opened, limits)


def _has_zarr_metadata(folder: OpenedFolder) -> bool:
    for name in _ZARR_FILES:
        try:
            folder.open_file(name).close()
        except (NotFoundError, OSError):
            continue
        return True
    return False
