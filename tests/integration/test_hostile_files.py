"""Small files that would decompress to much: each is refused, and within half a gibibyte of memory."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import imagecodecs
import numcodecs
import numpy as np
import pytest
import zarr
from reading_in_child import MOST_MIB, read_in_child

from worker.messages.json_values import MAX_JSON_VALUES

STRING = h5py.string_dtype()


def _h5ad(path: Path, change: Callable[[h5py.File], None]) -> Path:
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


def _replace(file: h5py.File, name: str, shape: tuple[int, ...], dtype: Any = "i8", **options: Any) -> h5py.Dataset:
    if name in file:
        del file[name]
    chunks = tuple(min(2**20, side) for side in shape)
    return file.create_dataset(name, shape, dtype, **({"chunks": chunks, "compression": "gzip"} | options))


def _many_pixels(path: Path) -> Path:
    def change(file: h5py.File) -> None:
        for name in ("obs/ion_image_pixel_x", "obs/ion_image_pixel_y"):
            _replace(file, name, (2**28,))
        _replace(file, "X", (2**28, 2), "f4", chunks=(2**20, 1))

    return _h5ad(path, change)


def _sparse(file: h5py.File, shape: tuple[int, int], pointers: int, entries: int, kind: str = "csr_matrix") -> None:
    del file["X"]
    file.create_group("X").attrs.update({"encoding-type": kind, "shape": shape})
    _replace(file, "X/indptr", (pointers,))
    _replace(file, "X/indices", (entries,))
    _replace(file, "X/data", (entries,), "f8")


def _many_sparse_pixels(path: Path) -> Path:
    return _h5ad(path, lambda file: _sparse(file, (2**28, 2), 2**28 + 1, 8))


def _many_entries_of_one_ion(path: Path) -> Path:
    def change(file: h5py.File) -> None:
        _sparse(file, (12, 2), 3, 2**28, "csc_matrix")
        file["X/indptr"][:] = [0, 0, 2**28]

    return _h5ad(path, change)


def _long_text(path: Path, text: bytes) -> Path:
    """A text of variable length that states 3.5 GB in place of its own length."""
    content = bytearray(_h5ad(path, lambda _: None).read_bytes())
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


def _circular_heap(path: Path) -> Path:
    """A heap whose first text says that it ends where it begins: HDF5 searches the next one there, indefinitely."""
    content = bytearray(_h5ad(path, lambda _: None).read_bytes())
    heap = content.find(b"GCOL")
    content[heap + 24 : heap + 32] = struct.pack("<Q", 2**64 - 16)
    path.write_bytes(content)
    return path


def _compressed_chunk(path: Path, content: bytes, **options: Any) -> Path:
    """A chunk of one column that unpacks to more than it should."""

    def change(file: h5py.File) -> None:
        column = _replace(file, "obs/ion_image_pixel_x", (12,), chunks=(2**17,), maxshape=(None,), **options)
        column.id.write_direct_chunk((0,), content)

    return _h5ad(path, change)


def _deflate_zeros(size: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(size // 2**20)) + packer.flush()


def _gzip_before_checksum(path: Path) -> Path:
    compressed = _deflate_zeros(2**30)
    return _compressed_chunk(path, compressed + bytes(4), fletcher32=True)


def _lzf(path: Path) -> Path:
    compressed = bytes(imagecodecs.lzf_encode(bytes(2**26))) * 16  # 12 MB that decompress to 1 GiB

    def change(file: h5py.File) -> None:
        data = _replace(file, "X", (12, 2), "f8", chunks=(2**21, 1), compression="lzf", maxshape=(None, None))
        data.id.write_direct_chunk((0, 0), compressed)

    return _h5ad(path, change)


def _compressed_twice(path: Path) -> Path:
    compressed = zlib.compress(_deflate_zeros(2**30), 9)

    def change(file: h5py.File) -> None:
        del file["X"]
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((12, 2))
        properties.set_deflate(9)
        properties.set_filter(h5py.h5z.FILTER_DEFLATE, 0, (9,))
        space = h5py.h5s.create_simple((12, 2))
        data = h5py.h5d.create(file.id, b"X", h5py.h5t.NATIVE_DOUBLE, space, properties)
        data.write_direct_chunk((0, 0), compressed)

    return _h5ad(path, change)


def _npy(descr: str, shape: tuple[int, ...], content: bytes = b"") -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def _npz(path: Path, packing: int = zipfile.ZIP_DEFLATED, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def _long_header(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("images.npy", "w") as member:
        member.write(b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**30))
        for _ in range(2**10):
            member.write(b" " * 2**20)
    return path


def _many_members(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(50_000):
            archive.writestr(str(number), b"")
    return path


def _bzip2(path: Path) -> Path:
    return _npz(path, zipfile.ZIP_BZIP2, images=_npy("<f8", (1, 4000, 4000), bytes(8 * 4000 * 4000)))


def _wide_ids(path: Path) -> Path:
    return _npz(path, images=_npy("<f8", (2, 1, 1), bytes(16)), annotation_ids=_npy("<U100000000", (2,)))


def _long_ids(path: Path) -> Path:
    ids = np.char.add(np.arange(100_000).astype("U6"), "x" * 500)
    return _npz(path, images=_npy("|u1", (100_000, 1, 1), bytes(100_000)), annotation_ids=_saved(ids))


def _saved(values: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def _zarr(path: Path, **images: Any) -> Path:
    group = zarr.open_group(path, mode="w", zarr_format=2)
    group.create_array("images", **({"data": np.random.default_rng(0).random((2, 3, 4))} | images))
    return path


def _edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _many_chunks(path: Path) -> Path:
    path = _zarr(path, compressors=None)
    _edit(path / "images" / ".zarray", shape=[1, 4000, 4000], chunks=[1, 1, 1])
    return path


def _many_strings(path: Path) -> Path:
    """Eight bytes that state four billion strings."""
    group = zarr.open_group(_zarr(path), mode="a", zarr_format=2)
    group.create_array("annotation_ids", data=np.array(["a", "b"], dtype="T"), compressors=None)
    (path / "annotation_ids" / "0").write_bytes(struct.pack("<II", 2**32 - 1, 0))
    return path


def _long_fill_value(path: Path) -> Path:
    group = zarr.open_group(path, mode="w", zarr_format=3)
    group.create_array("images", shape=(100_000, 1, 1), dtype="u1", chunks=(100_000, 1, 1))
    group.create_array("annotation_ids", shape=(100_000,), dtype=str, chunks=(100_000,), fill_value="x" * 100_000)
    return path


def _delta(path: Path) -> Path:
    """A filter that makes eight bytes of each."""
    wide = numcodecs.Delta(dtype="<f8", astype="|u1")
    path = _zarr(path, compressors=None)
    description = {"filters": [wide.get_config() | {"dtype": "<U1000"}], "shape": [1, 4000, 4000]}
    _edit(path / "images" / ".zarray", chunks=[1, 4000, 4000], **description)
    (path / "images" / "0.0.0").write_bytes(bytes(8 * 4000 * 4000))
    return path


def _deep_metadata(path: Path) -> Path:
    path = _zarr(path)
    (path / ".zattrs").write_text('{"a": [' + "{}," * 5_000_000 + "{}]}")
    return path


def _png(path: Path, width: int, height: int, bits: int, colour: int, rows: bytes) -> Path:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    ends = chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + ends)
    return path


def _wide_png(path: Path) -> Path:
    """Colours with alpha of 16 bits each: 8 bytes a pixel."""
    row = b"\1" + bytes(8 * 4000)
    return _png(path, 4000, 4000, 16, 6, row * 4000)


def _png_of_empty_parts(path: Path) -> Path:
    part = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    whole = _png(path, 1, 1, 8, 0, b"\0\0").read_bytes()
    path.write_bytes(whole[:33] + part * 4_000_000 + whole[33:])
    return path


def _event(path: Path) -> Path:
    data = '{"dataset_id": "a", "ion_images": {"kind": "png", "uri": "/a"}, "annotations": [' + "1," * 2**23 + "1]}"
    path.write_text('{"specversion": "1.0", "id": "a", "source": "a", "type": "a", "data": ' + data + "}")
    return path


def _list(path: Path) -> Path:
    path = path.with_suffix(".json")
    path.write_text("[" + '{"annotation_id": ""},' * MAX_JSON_VALUES + "{}]")
    return path


def _table(path: Path) -> Path:
    path = path.with_suffix(".csv")
    path.write_text("annotation_id\n" + "1\n" * 2**23)
    return path


def _wide_table(path: Path) -> Path:
    path = path.with_suffix(".csv")
    path.write_text("annotation_id" + "," * 2**23 + "\n1" + "," * 2**23 + "\n")
    return path


HOSTILE: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "h5ad of many pixels": ("array", _many_pixels),
    "h5ad of many sparse pixels": ("array", _many_sparse_pixels),
    "h5ad of many entries of one ion": ("array", _many_entries_of_one_ion),
    "h5ad with an attribute that states 3.5 GB": ("array", lambda path: _long_text(path, b"formula_adduct")),
    "h5ad with an id that states 3.5 GB": ("array", lambda path: _long_text(path, b"b")),
    "h5ad with a circular heap": ("array", _circular_heap),
    "h5ad, gzip before a checksum": ("array", _gzip_before_checksum),
    "h5ad, lzf": ("array", _lzf),
    "h5ad, compressed twice": ("array", _compressed_twice),
    "npz with a header of 1 GiB": ("array", _long_header),
    "npz of many members": ("array", _many_members),
    "npz, bzip2": ("array", _bzip2),
    "npz with ids of 400 MB each": ("array", _wide_ids),
    "npz with ids of 50 MB together": ("array", _long_ids),
    "zarr of many chunks": ("array", _many_chunks),
    "zarr of many strings": ("array", _many_strings),
    "zarr with a long fill value": ("array", _long_fill_value),
    "zarr with a filter that widens": ("array", _delta),
    "zarr with deep metadata": ("array", _deep_metadata),
    "PNG of 8 bytes a pixel": ("png", _wide_png),
    "PNG of four million parts": ("png", _png_of_empty_parts),
    "event of many values": ("event", _event),
    "list of many values": ("list", _list),
    "table of many rows": ("list", _table),
    "table of many columns": ("list", _wide_table),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused_within_half_a_gibibyte(tmp_path: Path, what: str) -> None:
    reader, make = HOSTILE[what]
    outcome = read_in_child(reader, make(tmp_path / "hostile"))
    assert outcome.code is not None, what
    assert not outcome.hit_the_net, outcome
    assert outcome.peak_mib < MOST_MIB, outcome


def test_large_images_of_a_folder_are_read_one_at_a_time(tmp_path: Path) -> None:
    """24 files of 12 KB, each an ion image of 45 MB."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(24):
        _png(folder / f"{number}.png", 3000, 3000, 8, 0, bytes(3000 * 3001))
    outcome = read_in_child("folder", folder)
    assert outcome.code is None
    assert outcome.peak_mib < MOST_MIB, outcome


def _largest_h5ad(path: Path) -> Path:
    """Sixteen million pixels, compressed."""
    side, pixels = 4000, 4000 * 4000
    with h5py.File(path, "w") as file:
        packed: Any = {"chunks": (2**20,), "compression": "gzip"}
        _replace(file, "X", (pixels, 2), "f8", chunks=(2**20, 2))
        x = file.create_dataset("obs/ion_image_pixel_x", (pixels,), "i8", **packed)
        y = file.create_dataset("obs/ion_image_pixel_y", (pixels,), "i8", **packed)
        for start in range(0, pixels, 2**20):
            numbers = np.arange(start, min(start + 2**20, pixels))
            x[start : start + 2**20], y[start : start + 2**20] = numbers % side, numbers // side
    return path


def _largest_npz(path: Path) -> Path:
    ones = np.ones((2, 4000, 4000))
    np.savez_compressed(path.with_suffix(".npz"), images=ones, acquired=ones)
    return path.with_suffix(".npz")


def _largest_fortran(path: Path) -> Path:
    np.save(path.with_suffix(".npy"), np.asfortranarray(np.ones((2, 4000, 4000))))
    return path.with_suffix(".npy")


def _largest_zarr(path: Path) -> Path:
    """One chunk of 244 MiB."""
    return _zarr(path, data=np.ones((2, 4000, 4000)), chunks=(2, 4000, 4000))


def _largest_png(path: Path) -> Path:
    return _png(path, 4000, 4000, 16, 4, (b"\1" + bytes(4 * 4000)) * 4000)


def _largest_event(path: Path) -> Path:
    rows = ", ".join(
        f'{{"annotation_id": "{n}", "mz": 1.5, "formula": "C", "adduct": "+H", "charge": 1, "image": {n}}}'
        for n in range(100_000)
    )
    data = f'{{"dataset_id": "a", "ion_images": {{"kind": "png", "uri": "/a"}}, "annotations": [{rows}]}}'
    text = '{"specversion": "1.0", "id": "a", "source": "a", "type": "offsample.dataset.annotated.v1", "data": '
    path.write_text(text + data + "}")
    return path


LARGEST: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "h5ad": ("array", _largest_h5ad),
    "npz": ("array", _largest_npz),
    "npy in Fortran order": ("array", _largest_fortran),
    "zarr": ("array", _largest_zarr),
    "PNG": ("png", _largest_png),
    "event": ("event", _largest_event),
}


@pytest.mark.parametrize("what", LARGEST)
def test_the_largest_that_is_allowed_is_read_within_a_gibibyte(tmp_path: Path, what: str) -> None:
    reader, make = LARGEST[what]
    outcome = read_in_child(reader, make(tmp_path / "largest"))
    assert outcome.code is None, outcome
    assert outcome.peak_mib < 2 * MOST_MIB, outcome
