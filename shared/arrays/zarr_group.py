"""Ion images in a zarr folder, format 2 or 3: one array (N, H, W), or a group laid out as an `.npz`."""

import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.errors import BaseZarrError

from shared.arrays.checks import (
    NUMBERS,
    STRING_BYTES,
    STRINGS,
    check_annotation_ids,
    check_column_shape,
    check_image_shape,
    check_kind,
    check_mask_shape,
    read_strings,
)
from shared.arrays.zarr_guard import ChunkRule, GuardedZarrStore, ReadFile
from shared.errors import InvalidIonImageError
from shared.files.foreign_file import TRANSIENT_ERRNOS
from shared.limits import MEBIBYTE, Limits, require_at_most, require_image_size

_IMAGES = "images"
_COLUMNS = {"acquired": NUMBERS, "mz": "fiu", "annotation_ids": STRINGS}
_COMPRESSORS = {
    "Blosc": "blosc", "BloscCodec": "blosc", "Zstd": "zstd", "ZstdCodec": "zstd", "LZ4": "lz4",
    "GZip": "gzip", "GzipCodec": "gzip", "Zlib": "zlib",
}  # fmt: skip
"""Classes of zarr 3 and numcodecs that compress a chunk, and their codecs."""
_SIZE_PRESERVING = {"BytesCodec", "TransposeCodec", "VLenUTF8Codec", "VLenUTF8", "Crc32cCodec"}
"""Classes that do not change its size. Others, including pickles, are refused."""
_VARIABLE = "OT"
"""Kinds of dtype of strings of variable length."""
_LENGTH_BYTES = 4
"""Size of the length of a string in zarr."""
_COLUMN_CHUNK_BYTES = 32 * MEBIBYTE
_MAX_CHUNKS = 4096
"""Maximum number of chunks that are read together, those of a column or of the same images; each is a task."""

_CORRUPT = (
    BaseZarrError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,
    SystemError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What zarr and its codecs raise for corrupt files, which is not documented; fuzzing found all of these. Bugs of this
project raise them, too, so its own checks do not belong inside the block."""


@dataclass(frozen=True, eq=False)
class ZarrArray:
    """An open zarr folder; see `IonImageArray`."""

    path: Path
    shape: tuple[int, int, int]
    images: "zarr.Array[Any]"
    acquired: "zarr.Array[Any] | None"
    mz: npt.NDArray[Any] | None
    annotation_ids: list[str] | None

    @property
    def has_independent_rows(self) -> bool:
        """True: chunks are independent."""
        return True

    def rows(self, wanted: Sequence[int] | None = None) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any] | None]]:
        """Read the wanted images, all of one chunk at a time; see `IonImageArray`."""
        rows = range(self.shape[0]) if wanted is None else wanted
        has_single_mask = self.acquired is not None and self.acquired.ndim == 2
        with _zarr_errors_translated(self.path.name):
            mask = _read(self.acquired, slice(None)) if self.acquired is not None and has_single_mask else None
            masks = None if has_single_mask or self.acquired is None else _Rows(self.acquired)
            images = _Rows(self.images)
            for row in rows:
                if masks is not None:
                    mask = masks.read(row)
                yield images.read(row), mask


class _Rows:
    """Rows of one array; those of the same chunks are read together."""

    def __init__(self, array: "zarr.Array[Any]") -> None:
        self._array = array
        self._start = 0
        self._block = np.empty((0, 0, 0))

    def read(self, row: int) -> npt.NDArray[Any]:
        if self._array.ndim == 2:
            return _read(self._array, slice(None))
        if not self._start <= row < self._start + len(self._block):
            chunk = self._array.chunks[0]
            self._start = row // chunk * chunk
            self._block = _read(self._array, slice(self._start, self._start + chunk))
        image: npt.NDArray[Any] = self._block[row - self._start]
        return image


def open_zarr(path: Path, read: ReadFile, limits: Limits) -> ZarrArray:
    """Open a zarr folder whose files `read` gives; see `open_array`."""
    store = GuardedZarrStore(read, limits)
    with _zarr_errors_translated(path.name):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about formats that may change
            root = zarr.open(store, mode="r")
        if isinstance(root, zarr.Array):
            found = {_IMAGES: root}
            paths = {_IMAGES: ""}
        else:
            found = {name: array for name in (_IMAGES, *_COLUMNS) if (array := _find_array(root, name)) is not None}
            paths = {name: name for name in found}
        if _IMAGES not in found:
            raise InvalidIonImageError(f"{path.name} has no array `{_IMAGES}`; expected (N, H, W)")
        shape = _check_images(found[_IMAGES], path.name, limits)
        for name, array in found.items():
            _check_array(array, name, shape, limits)
            store.allow_chunks(paths[name], _describe_chunks(array, name))
        mz = _read(found["mz"], slice(None)) if "mz" in found else None
        ids = None
        if "annotation_ids" in found:
            ids = read_strings(_read(found["annotation_ids"], slice(None)), "`annotation_ids`")
            check_annotation_ids(ids, "`annotation_ids`", limits)
    return ZarrArray(path, shape, found[_IMAGES], found.get("acquired"), mz, ids)


def _find_array(group: "zarr.Group", name: str) -> "zarr.Array[Any] | None":
    found = group.get(name)
    if found is not None and not isinstance(found, zarr.Array):
        raise InvalidIonImageError(f"`{name}` is a group; expected an array")
    return found


def _check_images(images: "zarr.Array[Any]", name: str, limits: Limits) -> tuple[int, int, int]:
    shape = check_image_shape(images.shape, f"`{_IMAGES}`")
    require_at_most(shape[0], limits.event_ions, f"number of ion images in {name}")
    require_image_size(*shape[1:], limits)
    return shape


def _check_array(array: "zarr.Array[Any]", name: str, shape: tuple[int, int, int], limits: Limits) -> None:
    """Refuse what does not match the images or would decompress to too much."""
    what = f"`{name}`"
    check_kind(np.dtype(array.dtype), _COLUMNS.get(name, NUMBERS), what)
    if name == "acquired":
        check_mask_shape(array.shape, shape, what)
    elif name != _IMAGES:
        check_column_shape(array.shape, shape, what)
    itemsize = np.dtype(array.dtype).itemsize
    chunk, most = prod(array.chunks) * itemsize, limits.array_chunk_bytes
    if name in ("mz", "annotation_ids"):
        most = min(most, _COLUMN_CHUNK_BYTES)
    require_at_most(prod(array.shape) * itemsize, limits.array_file_bytes, f"size of {what} in bytes")
    require_at_most(chunk, most, f"size of a chunk of {what} in bytes")
    rows_bytes = prod((min(array.chunks[0], array.shape[0]), *array.shape[1:])) * itemsize
    require_at_most(rows_bytes, limits.array_chunk_bytes, f"size of the chunks of the same rows of {what} in bytes")
    read_together = array.shape[1:] if len(array.shape) == 3 else array.shape
    steps = array.chunks[-len(read_together) :]
    count = prod(-(-side // step) for side, step in zip(read_together, steps, strict=True))
    require_at_most(count, _MAX_CHUNKS, f"number of chunks of {what} that are read together")
    if np.dtype(array.dtype).kind in _VARIABLE:
        require_at_most(len(str(array.fill_value)), STRING_BYTES, f"length of the fill value of {what}")


def _describe_chunks(array: "zarr.Array[Any]", name: str) -> ChunkRule:
    """The rule for its chunks: the size of a whole one; for strings, the maximum of the allowed ones."""
    dtype, codec = np.dtype(array.dtype), _find_codec(array, name)
    if dtype.kind in _VARIABLE:
        strings = int(min(array.chunks[0], array.shape[0])) + 1
        return ChunkRule(strings * (STRING_BYTES + _LENGTH_BYTES), codec, array.chunks[0])
    return ChunkRule(prod(array.chunks) * dtype.itemsize, codec)


def _find_codec(array: "zarr.Array[Any]", name: str) -> str | None:
    """The codec of the chunks, None for uncompressed; refuse unknown ones."""
    if array.shards is not None:
        raise InvalidIonImageError(f"`{name}` is sharded; expected plain chunks")
    steps = [*array.filters, *array.compressors]
    if array.serializer is not None:
        steps.append(array.serializer)
    names = [type(step).__name__ for step in steps]
    codecs = [_COMPRESSORS[step] for step in names if step in _COMPRESSORS]
    unknown = [step for step in names if step not in _COMPRESSORS and step not in _SIZE_PRESERVING]
    if unknown or len(codecs) > 1:
        raise InvalidIonImageError(
            f"`{name}` is compressed by {', '.join(unknown or codecs)}; expected one of blosc, zstd, lz4, gzip and"
            " zlib, or none"
        )
    return codecs[0] if codecs else None


def _read(array: "zarr.Array[Any]", rows: slice) -> npt.NDArray[Any]:
    return np.asarray(array[rows])


@contextmanager
def _zarr_errors_translated(what: str) -> Iterator[None]:
    """Turn exceptions of zarr on corrupt files into `InvalidIonImageError`."""
    try:
        yield
    except (*_CORRUPT, OSError) as error:
        if isinstance(error, OSError) and error.errno in TRANSIENT_ERRNOS:
            raise
        first_line = str(error).partition("\n")[0][:200]
        raise InvalidIonImageError(f"{what} cannot be read ({first_line}); expected an intact zarr folder") from error
