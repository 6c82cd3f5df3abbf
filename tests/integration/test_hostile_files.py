"""Small files that would decompress to much: each is refused, and within half a gibibyte of memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hostile_files import (
    bzip2,
    deep_metadata,
    delta,
    long_event,
    long_fill_value,
    long_header,
    long_ids,
    long_list,
    long_table,
    make_png,
    make_zarr,
    many_chunks,
    many_members,
    many_strings,
    png_of_empty_parts,
    wide_ids,
    wide_png,
    wide_table,
)
from hostile_h5ad import (
    circular_heap,
    compressed_twice,
    gzip_before_checksum,
    long_text,
    lzf,
    many_entries_of_one_ion,
    many_pixels,
    many_sparse_pixels,
    replace_dataset,
)
from reading_in_child import MOST_MIB, read_in_child

HOSTILE: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "h5ad of many pixels": ("array", many_pixels),
    "h5ad of many sparse pixels": ("array", many_sparse_pixels),
    "h5ad of many entries of one ion": ("array", many_entries_of_one_ion),
    "h5ad with an attribute that states 3.5 GB": ("array", lambda path: long_text(path, b"formula_adduct")),
    "h5ad with an id that states 3.5 GB": ("array", lambda path: long_text(path, b"b")),
    "h5ad with a circular heap": ("array", circular_heap),
    "h5ad, gzip before a checksum": ("array", gzip_before_checksum),
    "h5ad, lzf": ("array", lzf),
    "h5ad, compressed twice": ("array", compressed_twice),
    "npz with a header of 1 GiB": ("array", long_header),
    "npz of many members": ("array", many_members),
    "npz, bzip2": ("array", bzip2),
    "npz with ids of 400 MB each": ("array", wide_ids),
    "npz with ids of 50 MB together": ("array", long_ids),
    "zarr of many chunks": ("array", many_chunks),
    "zarr of many strings": ("array", many_strings),
    "zarr with a long fill value": ("array", long_fill_value),
    "zarr with a filter that widens": ("array", delta),
    "zarr with deep metadata": ("array", deep_metadata),
    "PNG of 8 bytes a pixel": ("png", wide_png),
    "PNG of four million parts": ("png", png_of_empty_parts),
    "event of many values": ("event", long_event),
    "list of many values": ("list", long_list),
    "table of many rows": ("list", long_table),
    "table of many columns": ("list", wide_table),
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
        make_png(folder / f"{number}.png", 3000, 3000, 8, 0, bytes(3000 * 3001))
    outcome = read_in_child("folder", folder)
    assert outcome.code is None
    assert outcome.peak_mib < MOST_MIB, outcome


def _largest_h5ad(path: Path) -> Path:
    """Sixteen million pixels, compressed."""
    side, pixels = 4000, 4000 * 4000
    with h5py.File(path, "w") as file:
        packed: Any = {"chunks": (2**20,), "compression": "gzip"}
        replace_dataset(file, "X", (pixels, 2), "f8", chunks=(2**20, 2))
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
    return make_zarr(path, data=np.ones((2, 4000, 4000)), chunks=(2, 4000, 4000))


def _largest_png(path: Path) -> Path:
    return make_png(path, 4000, 4000, 16, 4, (b"\1" + bytes(4 * 4000)) * 4000)


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
