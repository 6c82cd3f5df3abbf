"""Small `.npz`, zarr, PNG, JSON and CSV files that would unpack to much."""

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import zarr

from worker.messages.json_values import MAX_JSON_VALUES


def make_npy(descr: str, shape: tuple[int, ...], content: bytes = b"") -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def make_npz(path: Path, packing: int = zipfile.ZIP_DEFLATED, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def long_header(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("images.npy", "w") as member:
        member.write(b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**30))
        for _ in range(2**10):
            member.write(b" " * 2**20)
    return path


def many_members(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(50_000):
            archive.writestr(str(number), b"")
    return path


def bzip2(path: Path) -> Path:
    return make_npz(path, zipfile.ZIP_BZIP2, images=make_npy("<f8", (1, 4000, 4000), bytes(8 * 4000 * 4000)))


def wide_ids(path: Path) -> Path:
    return make_npz(path, images=make_npy("<f8", (2, 1, 1), bytes(16)), annotation_ids=make_npy("<U100000000", (2,)))


def long_ids(path: Path) -> Path:
    ids = np.char.add(np.arange(100_000).astype("U6"), "x" * 500)
    return make_npz(path, images=make_npy("|u1", (100_000, 1, 1), bytes(100_000)), annotation_ids=save_bytes(ids))


def save_bytes(values: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def make_zarr(path: Path, **images: Any) -> Path:
    group = zarr.open_group(path, mode="w", zarr_format=2)
    group.create_array("images", **({"data": np.random.default_rng(0).random((2, 3, 4))} | images))
    return path


def edit_metadata(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def many_chunks(path: Path) -> Path:
    path = make_zarr(path, compressors=None)
    edit_metadata(path / "images" / ".zarray", shape=[1, 4000, 4000], chunks=[1, 1, 1])
    return path


def many_strings(path: Path) -> Path:
    """Eight bytes that state four billion strings."""
    group = zarr.open_group(make_zarr(path), mode="a", zarr_format=2)
    group.create_array("annotation_ids", data=np.array(["a", "b"], dtype="T"), compressors=None)
    (path / "annotation_ids" / "0").write_bytes(struct.pack("<II", 2**32 - 1, 0))
    return path


def long_fill_value(path: Path) -> Path:
    group = zarr.open_group(path, mode="w", zarr_format=3)
    group.create_array("images", shape=(100_000, 1, 1), dtype="u1", chunks=(100_000, 1, 1))
    group.create_array("annotation_ids", shape=(100_000,), dtype=str, chunks=(100_000,), fill_value="x" * 100_000)
    return path


def delta(path: Path) -> Path:
    """A filter that makes eight bytes of each."""
    wide = numcodecs.Delta(dtype="<f8", astype="|u1")
    path = make_zarr(path, compressors=None)
    description = {"filters": [wide.get_config() | {"dtype": "<U1000"}], "shape": [1, 4000, 4000]}
    edit_metadata(path / "images" / ".zarray", chunks=[1, 4000, 4000], **description)
    (path / "images" / "0.0.0").write_bytes(bytes(8 * 4000 * 4000))
    return path


def deep_metadata(path: Path) -> Path:
    path = make_zarr(path)
    (path / ".zattrs").write_text('{"a": [' + "{}," * 5_000_000 + "{}]}")
    return path


def make_png(path: Path, width: int, height: int, bits: int, colour: int, rows: bytes) -> Path:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    ends = chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + ends)
    return path


def wide_png(path: Path) -> Path:
    """Colours with alpha of 16 bits each: 8 bytes a pixel."""
    row = b"\1" + bytes(8 * 4000)
    return make_png(path, 4000, 4000, 16, 6, row * 4000)


def png_of_empty_parts(path: Path) -> Path:
    part = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    whole = make_png(path, 1, 1, 8, 0, b"\0\0").read_bytes()
    path.write_bytes(whole[:33] + part * 4_000_000 + whole[33:])
    return path


def long_event(path: Path) -> Path:
    data = '{"dataset_id": "a", "ion_images": {"kind": "png", "uri": "/a"}, "annotations": [' + "1," * 2**23 + "1]}"
    path.write_text('{"specversion": "1.0", "id": "a", "source": "a", "type": "a", "data": ' + data + "}")
    return path


def long_list(path: Path) -> Path:
    path = path.with_suffix(".json")
    path.write_text("[" + '{"annotation_id": ""},' * MAX_JSON_VALUES + "{}]")
    return path


def long_table(path: Path) -> Path:
    path = path.with_suffix(".csv")
    path.write_text("annotation_id\n" + "1\n" * 2**23)
    return path


def wide_table(path: Path) -> Path:
    path = path.with_suffix(".csv")
    path.write_text("annotation_id" + "," * 2**23 + "\n1" + "," * 2**23 + "\n")
    return path
