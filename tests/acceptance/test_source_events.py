"""The events of docs/sources.md work as they stand there; places that only exist in the page stand for the tests'."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import zarr
from live_metaspace import add_folder, live_metaspace
from live_service import BLADDER, LiveService, read_by_eye
from live_stores import http_files, s3_server

from shared.array import open_array
from shared.limits import Limits
from shared.png import decode_png

SOURCES_PAGE = Path(__file__).parents[2] / "docs" / "sources.md"
FILES = sorted(BLADDER.glob("*.png"))


def _event(name: str, **places: str) -> str:
    """The page's JSON behind `<!-- event: name -->`, with its places replaced."""
    page = SOURCES_PAGE.read_text(encoding="utf-8")
    found = re.search(rf"<!-- event: {name} -->\n+```json\n(.*?)```", page, re.DOTALL)
    assert found is not None, f"docs/sources.md has no event {name}"
    text = found[1]
    for shown, real in places.items():
        assert shown in text
        text = text.replace(shown, real)
    return text


def _submit(service: LiveService, event: str) -> dict[str, str]:
    """Labels by annotation id, as `offsample submit` prints them."""
    path = service.folder / "event.json"
    path.write_text(event)
    command = [sys.executable, "-m", "worker.cli.main", "submit", str(path), "--wait", "--format", "json"]
    ended = subprocess.run(
        command, env=os.environ | service.environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert ended.returncode == 0, ended.stderr
    rows: list[dict[str, Any]] = [json.loads(line) for line in ended.stdout.splitlines()]
    assert {row["status"] for row in rows} == {"classified"}
    return {row["annotation_id"]: row["label"] for row in rows}


def _agrees(labels: dict[str, str]) -> bool:
    """All labels are there, and those that a person is sure of are the same."""
    sure = {name: label for name, label in read_by_eye().items() if label in ("on", "off")}
    return len(labels) == len(FILES) and all(labels[name] == label for name, label in sure.items())


def test_the_event_on_s3_works(service: LiveService) -> None:
    with s3_server() as server:
        server.put({f"bladder/{path.name}": path.read_bytes() for path in FILES})
        service.settings |= server.environment | {"OFFSAMPLE_ALLOWED_STORES": "s3://ions"}
        service.start_worker()
        assert _agrees(_submit(service, _event("s3")))


def test_the_event_over_http_works(service: LiveService) -> None:
    files = {f"/bladder/{path.name}": path.read_bytes() for path in FILES}
    files["/bladder/annotations.csv"] = "\n".join(["annotation_id", *(path.stem for path in FILES)]).encode()
    with http_files(dict(files)) as served:
        service.start_worker(allowed_stores=served.url, allowed_networks="127.0.0.0/8")
        event = _event("http", **{"https://images.example.org": served.url})
        assert _agrees(_submit(service, event))


@pytest.fixture
def arrays(service: LiveService) -> Path:
    """The bladder as zarr and as `.h5ad`, in the worker's root."""
    decoded = [decode_png(path.read_bytes(), Limits()) for path in FILES]
    images = np.stack([one.intensities for one in decoded])
    names = [path.stem for path in FILES]
    group = zarr.open_group(service.folder / "bladder.zarr", mode="w")
    group.create_array("images", data=images, chunks=(16, *images.shape[1:]))
    group.create_array("acquired", data=decoded[0].acquisition_mask)
    group.create_array("annotation_ids", data=np.array(names, dtype="T"))
    y, x = np.nonzero(decoded[0].acquisition_mask)
    with h5py.File(service.folder / "bladder.h5ad", "w") as file:
        file.create_dataset("X", data=images[:, y, x].T, compression="gzip")
        file["obs/ion_image_pixel_x"], file["obs/ion_image_pixel_y"] = x, y
        file["uns/metaspace/image_size/y"], file["uns/metaspace/image_size/x"] = images.shape[1:]
        file.create_group("var").attrs["_index"] = "formula_adduct"
        file["var"].create_dataset("formula_adduct", data=names, dtype=h5py.string_dtype())
    assert open_array(service.folder / "bladder.h5ad", Limits()).shape == images.shape
    return service.folder


def test_the_event_on_an_array_works_with_zarr_and_h5ad(service: LiveService, arrays: Path) -> None:
    service.start_worker()
    assert _agrees(_submit(service, _event("array", **{"/data": str(arrays)})))
    changed = {"/data": str(arrays), ".zarr": ".h5ad", "from-zarr": "from-h5ad"}
    assert _agrees(_submit(service, _event("array", **changed)))


def test_the_event_on_metaspace_works(service: LiveService) -> None:
    with live_metaspace() as metaspace:
        stems = add_folder(metaspace, BLADDER)
        service.start_worker(allowed_stores=metaspace.url, allowed_networks="127.0.0.0/8", metaspace_url=metaspace.url)
        labels = _submit(service, _event("metaspace"))
        assert _agrees({stems[ion]: label for ion, label in labels.items()})
