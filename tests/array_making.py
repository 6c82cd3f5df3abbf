"""Array files as numpy and others write them."""

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.arrays.array import open_array
from shared.limits import Limits

LIMITS = Limits()
RNG = np.random.default_rng(0)
IMAGES = RNG.random((3, 4, 5))


def npy_bytes(values: npt.ArrayLike) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(values), allow_pickle=True)
    return stream.getvalue()


def npy_header(text: str) -> bytes:
    """A header as foreign software may write it, without values."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def describe(shape: str, descr: str = "'<f4'") -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n"


def npz_bytes(compression: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return stream.getvalue()


def write(folder: Path, content: bytes) -> Path:
    path = folder / "array.bin"
    path.write_bytes(content)
    return path


def read_all(path: Path) -> list[tuple[npt.NDArray[Any], npt.NDArray[Any] | None]]:
    return list(open_array(path, LIMITS).rows())
