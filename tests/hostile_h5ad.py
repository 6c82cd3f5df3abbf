"""Small `.h5ad` files that would unpack to much, or never end."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import imagecodecs
import numpy as np

STRING = h5py.string_dtype()


def make_h5ad(path: Path, change: Callable[[h5py.File], None]) -> Path:
    """A small AnnData file in metaspace-converter's layout, changed."""
    with h5py.File(path, "w") as file:
        file.create_dataset("X", data=np.random.default_rng(0).random((12, 2)), maxshape=(None, None))
        y, x = np.indices((3, 4)).reshape(2, -1)
        file["obs/ion_image_pixel_x"], file["obs/ion_image_pixel_y"] = x, y
        var = file.create_group("var")
        var.attrs["_index"] = "formula_adduct"
        var.create_dataset("formula_adduct", data=["a", "b"], dtype=STRING)
        change(file)
    return path


def replace_dataset(
    file: h5py.File, name: str, shape: tuple[int, ...], dtype: Any = "i8", **options: Any
) -> h5py.Dataset:
    if name in file:
        del file[name]
    chunks = tuple(min(2**20, side) for side in shape)
    return file.create_dataset(name, shape, dtype, **({"chunks": chunks, "compression": "gzip"} | options))


def many_pixels(path: Path) -> Path:
    def change(file: h5py.File) -> None:
        for name in ("obs/ion_image_pixel_x", "obs/ion_image_pixel_y"):
            replace_dataset(file, name, (2**28,))
        replace_dataset(file, "X", (2**28, 2), "f4", chunks=(2**20, 1))

    return make_h5ad(path, change)


def make_sparse(file: h5py.File, shape: tuple[int, int], pointers: int, entries: int, kind: str = "csr_matrix") -> None:
    del file["X"]
    file.create_group("X").attrs.update({"encoding-type": kind, "shape": shape})
    replace_dataset(file, "X/indptr", (pointers,))
    replace_dataset(file, "X/indices", (entries,))
    replace_dataset(file, "X/data", (entries,), "f8")


def many_sparse_pixels(path: Path) -> Path:
    return make_h5ad(path, lambda file: make_sparse(file, (2**28, 2), 2**28 + 1, 8))


def many_entries_of_one_ion(path: Path) -> Path:
    def change(file: h5py.File) -> None:
        make_sparse(file, (12, 2), 3, 2**28, "csc_matrix")
        file["X/indptr"][:] = [0, 0, 2**28]

    return make_h5ad(path, change)


def long_text(path: Path, text: bytes) -> Path:
    """A text of variable length that states 3.5 GB in place of its own length."""
    content = bytearray(make_h5ad(path, lambda _: None).read_bytes())
    place = -1
    while (place := content.find(struct.pack("<I", len(text)), place + 1)) >= 0:
        heap = int.from_bytes(content[place + 4 : place + 12], "little")
        if content[heap : heap + 4] == b"GCOL":
            number = int.from_bytes(content[place + 12 : place + 16], "little")
            start = heap + 16
            while int.from_bytes(content[start : start + 2], "little") not in (0, number):
                start += 16 + -(-int.from_bytes(content[start + 8 : start + 16], "little") // 8) * 8
            if content[start + 16 : start + 16 + len(text)] == text:
                content[place : place + 4] = struct.pack("<I", 0xE0000000)
    path.write_bytes(content)
    return path


def circular_heap(path: Path) -> Path:
    """A heap whose first text says that it ends where it begins: HDF5 searches the next one there, indefinitely."""
    content = bytearray(make_h5ad(path, lambda _: None).read_bytes())
    heap = content.find(b"GCOL")
    content[heap + 24 : heap + 32] = struct.pack("<Q", 2**64 - 16)
    path.write_bytes(content)
    return path


def compressed_chunk(path: Path, content: bytes, **options: Any) -> Path:
    """A chunk of one column that unpacks to more than it should."""

    def change(file: h5py.File) -> None:
        column = replace_dataset(file, "obs/ion_image_pixel_x", (12,), chunks=(2**17,), maxshape=(None,), **options)
        column.id.write_direct_chunk((0,), content)

    return make_h5ad(path, change)


def deflate_zeros(size: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(size // 2**20)) + packer.flush()


def gzip_before_checksum(path: Path) -> Path:
    compressed = deflate_zeros(2**30)
    return compressed_chunk(path, compressed + bytes(4), fletcher32=True)


def lzf(path: Path) -> Path:
    compressed = bytes(imagecodecs.lzf_encode(bytes(2**26))) * 16  # 12 MB that decompress to 1 GiB

    def change(file: h5py.File) -> None:
        data = replace_dataset(file, "X", (12, 2), "f8", chunks=(2**21, 1), compression="lzf", maxshape=(None, None))
        data.id.write_direct_chunk((0, 0), compressed)

    return make_h5ad(path, change)


def compressed_twice(path: Path) -> Path:
    compressed = zlib.compress(deflate_zeros(2**30), 9)

    def change(file: h5py.File) -> None:
        del file["X"]
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((12, 2))
        properties.set_deflate(9)
        properties.set_filter(h5py.h5z.FILTER_DEFLATE, 0, (9,))
        space = h5py.h5s.create_simple((12, 2))
        data = h5py.h5d.create(file.id, b"X", h5py.h5t.NATIVE_DOUBLE, space, properties)
        data.write_direct_chunk((0, 0), compressed)

    return make_h5ad(path, change)
