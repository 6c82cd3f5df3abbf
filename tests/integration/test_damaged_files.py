"""Damaged files of every format are read, or are an error of this project's: no other error, no crash, no hang."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numcodecs
import numpy as np
import pytest
import zarr
from damaging_in_child import damage_in_child
from scipy import sparse

from shared.ion_image import make_ion_image
from shared.png.image import encode_png

IMAGES = np.random.default_rng(0).random((5, 6, 7)).astype(np.float32)
IMAGES[IMAGES < 0.4] = 0
IDS = [f"C{number}H12O6+H" for number in range(5)]
KNOWN = {"read", "invalid_ion_image", "invalid_annotations", "invalid_message", "unsupported_message", "too_large"}


def _h5ad(path: Path, kind: str, **options: Any) -> Path:
    matrix = IMAGES.reshape(5, -1).T
    with h5py.File(path, "w") as file:
        if kind == "dense":
            file.create_dataset("X", data=matrix, **options)
        else:
            packed = sparse.csr_matrix(matrix) if kind == "csr" else sparse.csc_matrix(matrix)
            file.create_group("X").attrs.update({"encoding-type": f"{kind}_matrix", "shape": matrix.shape})
            for name in ("data", "indices", "indptr"):
                file.create_dataset(f"X/{name}", data=getattr(packed, name), **options)
        y, x = np.indices((6, 7)).reshape(2, -1)
        file["obs/ion_image_pixel_x/categories"], file["obs/ion_image_pixel_x/codes"] = np.arange(7), x
        file["obs/ion_image_pixel_y/values"], file["obs/ion_image_pixel_y/mask"] = y, np.zeros(42, np.bool_)
        file["var/mz"] = np.arange(5.0)
        file["var"].attrs["_index"] = "ids"
        file.create_dataset("var/ids", data=IDS, dtype=h5py.string_dtype())
    return path


def _make_h5ads(folder: Path) -> list[Path]:
    ways: list[dict[str, Any]] = [
        {},
        {"compression": "gzip"},
        {"compression": "lzf", "shuffle": True, "fletcher32": True},
    ]
    kinds = ("dense", "csr", "csc")
    return [_h5ad(folder / f"{kind}{n}.h5ad", kind, **way) for kind in kinds for n, way in enumerate(ways)]


def _make_packed(folder: Path) -> list[Path]:
    np.save(folder / "a.npy", IMAGES)
    np.save(folder / "f.npy", np.asfortranarray(IMAGES))
    np.savez(folder / "s.npz", images=IMAGES, acquired=IMAGES > 0, mz=np.arange(5.0), annotation_ids=IDS)
    np.savez_compressed(folder / "d.npz", images=IMAGES, acquired=IMAGES[0] > 0, annotation_ids=IDS)
    return [folder / name for name in ("a.npy", "f.npy", "s.npz", "d.npz")]


def _make_pngs(folder: Path) -> list[Path]:
    for number, mask in enumerate((None, IMAGES[0] > 0)):
        (folder / f"{number}.png").write_bytes(encode_png(make_ion_image(IMAGES[0], mask)))
    return [folder / "0.png", folder / "1.png"]


def _make_lists(folder: Path) -> list[Path]:
    rows = [{"annotation_id": one, "mz": 100.5, "formula": "C6H12O6", "adduct": "+H", "charge": 1} for one in IDS]
    (folder / "a.json").write_text(json.dumps(rows))
    text = "annotation_id,mz,charge\n" + "".join(f'"{one}",1e2,1\n' for one in IDS)
    (folder / "a.csv").write_text(text)
    (folder / "b.csv").write_text(text.replace(",", ";"), encoding="utf-16")
    return [folder / "a.json", folder / "a.csv", folder / "b.csv"]


def _make_events(folder: Path) -> list[Path]:
    data = {"dataset_id": "é", "ion_images": {"kind": "imzml", "uri": "/a", "ppm": 3.0, "z": 1}, "threshold": 0.5}
    event = {"specversion": "1.0", "id": "a", "source": "/a", "type": "offsample.dataset.annotated.v1", "data": data}
    (folder / "a").write_text(json.dumps(event, ensure_ascii=False))
    return [folder / "a"]


CASES: dict[str, tuple[str, Callable[[Path], list[Path]], int]] = {
    "h5ad": ("array", _make_h5ads, 1000),
    "npy and npz": ("array", _make_packed, 2000),
    "PNG": ("png", _make_pngs, 2000),
    "list": ("list", _make_lists, 2000),
    "event": ("event", _make_events, 2000),
}


@pytest.mark.parametrize("what", CASES)
def test_damaged_files_are_read_or_an_error_of_this_project(tmp_path: Path, what: str) -> None:
    reader, make, times = CASES[what]
    counts = damage_in_child(reader, make(tmp_path), tmp_path, times)
    assert set(counts) <= KNOWN, counts
    assert counts["read"] < counts.total()


@pytest.mark.parametrize("codec", ["blosc", "zstd", "gzip", "lz4"])
def test_damaged_files_of_a_zarr_folder_are_read_or_an_error_of_this_project(tmp_path: Path, codec: str) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    packing: Any = numcodecs.get_codec({"id": codec})
    group.create_array("images", data=IMAGES, chunks=(2, 6, 7), compressors=packing)
    group.create_array("annotation_ids", data=np.array(IDS, dtype="T"), compressors=packing)
    for name in ("images/.zarray", "images/0.0.0", "annotation_ids/0", ".zgroup"):
        sound = (tmp_path / "a.zarr" / name).read_bytes()
        (tmp_path / "sound").write_bytes(sound)
        counts = damage_in_child("array", [tmp_path / "sound"], tmp_path / "a.zarr", 60, part=name)
        (tmp_path / "a.zarr" / name).write_bytes(sound)
        assert set(counts) <= KNOWN, counts
