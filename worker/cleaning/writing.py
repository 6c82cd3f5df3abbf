"""An imzML file written by pyimzml, under its final name only when it is whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any, Final

import numpy as np
from pyimzml.compression import NoCompression, ZlibCompression
from pyimzml.ImzMLWriter import ImzMLWriter

from shared.errors import InvalidInputError
from shared.imzml.array_format import ArrayFormat
from shared.imzml.chunk_plan import share_mz
from shared.imzml.index import ImzmlIndex
from worker.cleaning.header import ImzmlHeader
from worker.cleaning.streaming_writer import StreamingWriter

_RUN_ID: Final = "cleaned"

_WIDER: Final = {np.dtype(np.int8): np.dtype(np.int32), np.dtype(np.int16): np.dtype(np.int32)}
"""Number formats that pyimzml cannot declare, and those that hold the same numbers."""


def is_continuous(index: ImzmlIndex) -> bool:
    """Whether all spectra share one m/z array."""
    return share_mz(index, slice(0, len(index)))


@contextmanager
def write_measurement(path: Path, index: ImzmlIndex, header: ImzmlHeader) -> Iterator[tuple[ImzMLWriter, Path]]:
    """A writer of the same mode, number formats and compression, and the path of a .csv file to write beside it.

    Afterwards all three files stand under their names. After an exception in the block there is no new file, and an
    old one is as it was.

    Parameters
    ----------
    path
        The .imzML file; the other two stand beside it.

    Raises
    ------
    InvalidInputError
        When the disk is full, or the folder cannot be written to.
    """
    try:
        with TemporaryDirectory(dir=path.parent, prefix=f".partial-{path.stem}-") as folder:
            partial = Path(folder) / path.with_suffix(".imzML").name
            with (
                TemporaryFile("w+", dir=folder, encoding="ascii") as buffer,
                _open_writer(partial, buffer, index, header) as writer,
            ):
                yield writer, partial.with_suffix(".csv")
            for suffix in (".ibd", ".csv", ".imzML"):
                partial.with_suffix(suffix).replace(path.with_suffix(suffix))
    except OSError as error:
        raise InvalidInputError(f"cannot write {path}: {error.strerror}") from error


def _open_writer(path: Path, buffer: IO[str], index: ImzmlIndex, header: ImzmlHeader) -> ImzMLWriter:
    return StreamingWriter(
        str(path),
        buffer,
        _RUN_ID,
        header.pixel_size,
        mz_dtype=find_dtype(index.mz.format).type,
        intensity_dtype=find_dtype(index.intensity.format).type,
        mode="continuous" if is_continuous(index) else "processed",
        spec_type="profile" if index.is_centroid is False else "centroid",
        mz_compression=_find_compression(index.mz.format),
        intensity_compression=_find_compression(index.intensity.format),
        polarity=header.polarity,
        **header.scans,
    )


def find_dtype(stored: ArrayFormat) -> np.dtype[Any]:
    """The number format in which an array is written."""
    dtype = np.dtype(stored.dtype)
    return _WIDER.get(dtype, dtype)


def _find_compression(stored: ArrayFormat) -> NoCompression | ZlibCompression:
    return ZlibCompression() if stored.zlib else NoCompression()
