"""Ion images as arrays: `.npy` and `.npz`, read row by row so that memory holds one image, not the dataset."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy_format

from shared.errors import InvalidIonImageError
from shared.limits import Limits, require_at_most, require_image_size

_IMAGES = "images"
_ZIP_START = b"PK"
_COLUMNS = ("acquired", "mz", "annotation_ids")


@dataclass(frozen=True, eq=False)
class IonImageArray:
    """An array file, opened: its shape and its columns are known, its images are not read yet.

    Attributes
    ----------
    path
        The `.npz` or `.npy` file.
    shape
        (N, H, W).
    acquired
        (H, W) or (N, H, W), non-zero = measured; None = every pixel.
    mz
        (N,) Th, or None.
    annotation_ids
        N texts, or None.
    """

    path: Path
    shape: tuple[int, int, int]
    acquired: npt.NDArray[Any] | None = None
    mz: npt.NDArray[Any] | None = None
    annotation_ids: list[str] | None = None

    def acquired_in(self, row: int) -> npt.NDArray[Any] | None:
        """(H, W) mask of one image, or None."""
        if self.acquired is None or self.acquired.ndim == 2:
            return self.acquired
        mask: npt.NDArray[Any] = self.acquired[row]
        return mask

    def rows(self) -> Iterator[npt.NDArray[Any]]:
        """Read the images one after the other, (H, W) each, as they are stored."""
        count, height, width = self.shape
        with _open_images(self.path) as stream:
            _, _, dtype = _read_header(stream, self.path)
            size = height * width * dtype.itemsize
            for row in range(count):
                content = _read_bytes(stream, size, self.path)
                if len(content) != size:
                    raise InvalidIonImageError(f"{self.path.name} ends in image {row}; right would be {count} images")
                yield np.frombuffer(content, dtype=dtype).reshape(height, width)


def open_array(path: Path, limits: Limits) -> IonImageArray:
    """Open an `.npz` (`images`, optionally `acquired`, `mz`, `annotation_ids`) or `.npy` file.

    Raises
    ------
    InvalidIonImageError
        When it is neither, pickled, truncated, or its columns do not fit its images.
    TooLargeError
        When bytes, images or pixels exceed `limits`; judged from the headers.
    """
    require_at_most(path.stat().st_size, limits.array_file_bytes, f"size of {path.name} in bytes")
    try:
        with _open_images(path) as stream:
            shape, fortran_order, dtype = _read_header(stream, path)
        if fortran_order:
            raise InvalidIonImageError(f"{path.name} is in Fortran order; right would be C order")
        images, height, width = _image_shape(shape, dtype, path)
        require_at_most(images, limits.event_ions, f"number of ion images in {path.name}")
        require_image_size(height, width, limits)
        columns = _read_columns(path, limits) if zipfile.is_zipfile(path) else {}
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise InvalidIonImageError(f"{path.name} is no readable .npz or .npy file ({error})") from error
    return _checked(path, (images, height, width), columns)


@contextmanager
def _open_images(path: Path) -> Iterator[IO[bytes]]:
    """The stream of the one big array."""
    with path.open("rb") as file:
        if file.read(len(_ZIP_START)) != _ZIP_START:
            file.seek(0)
            yield file
            return
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            if f"{_IMAGES}.npy" not in archive.namelist():
                found = ", ".join(sorted(archive.namelist())[:5])
                raise InvalidIonImageError(
                    f"{path.name} has no array `images` (it has {found}); right would be (N, H, W)"
                )
            with archive.open(f"{_IMAGES}.npy") as stream:
                yield stream


def _read_bytes(stream: IO[bytes], size: int, path: Path) -> bytes:
    try:
        return stream.read(size)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InvalidIonImageError(f"{path.name} is corrupt ({error}); right would be a complete file") from error


def _read_header(stream: IO[bytes], path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy_format.read_magic(stream)
    if version == (1, 0):
        header = npy_format.read_array_header_1_0(stream)
    elif version == (2, 0):
        header = npy_format.read_array_header_2_0(stream)
    else:
        raise InvalidIonImageError(f"{path.name} is .npy of version {version}; right would be 1.0 or 2.0")
    return header


def _image_shape(shape: tuple[int, ...], dtype: np.dtype[Any], path: Path) -> tuple[int, int, int]:
    """(N, H, W) of an (N, H, W) array, or of one (H, W) image."""
    if dtype.kind not in "fiub":
        raise InvalidIonImageError(f"{path.name} holds dtype {dtype}; right would be real numbers")
    if len(shape) == 2:
        shape = (1, *shape)
    if len(shape) != 3 or 0 in shape[1:]:
        raise InvalidIonImageError(f"{path.name} holds an array of shape {shape}; right would be (N, height, width)")
    images, height, width = shape
    return images, height, width


def _read_columns(path: Path, limits: Limits) -> dict[str, npt.NDArray[Any]]:
    """The small arrays beside `images`."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            require_at_most(member.file_size, limits.array_file_bytes, f"size of {member.filename} in {path.name}")
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in _COLUMNS if name in arrays}


def _checked(path: Path, shape: tuple[int, int, int], columns: dict[str, npt.NDArray[Any]]) -> IonImageArray:
    """Refuse columns that do not fit the images."""
    acquired = columns.get("acquired")
    if acquired is not None and acquired.shape not in (shape, shape[1:]):
        raise InvalidIonImageError(
            f"{path.name}: `acquired` has shape {acquired.shape}; right would be {shape[1:]} or {shape}"
        )
    for name in ("mz", "annotation_ids"):
        if name in columns and columns[name].shape != shape[:1]:
            raise InvalidIonImageError(
                f"{path.name}: `{name}` has shape {columns[name].shape}; right would be {shape[:1]}"
            )
    ids = columns.get("annotation_ids")
    texts = None if ids is None else [str(value) for value in ids.tolist()]
    if texts is not None and len(set(texts)) != len(texts):
        raise InvalidIonImageError(f"{path.name}: `annotation_ids` repeats an id; right would be a different one each")
    return IonImageArray(path, shape, acquired, columns.get("mz"), texts)
