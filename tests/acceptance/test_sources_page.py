"""The examples of docs/sources.md work as written, with their paths and hosts replaced by those of the tests."""

import csv
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
from documented import CHECKOUT, install_command, read_block
from imzml_making import REAL_IMZML
from live_metaspace import add_folder, live_metaspace
from live_service import BLADDER, LiveService, read_by_eye
from live_stores import http_files, s3_server
from PIL import Image

from shared.arrays.array import open_array
from shared.limits import Limits
from shared.png.image import decode_png

FILES = sorted(BLADDER.glob("*.png"))


def _event(name: str, **replacements: str) -> str:
    """One of the page's events, with parts of its text replaced."""
    text = read_block("sources.md", f"event: {name}")
    for shown, real in replacements.items():
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
    """Whether all files have labels, and those agree that a person labelled on or off."""
    certain = {name: label for name, label in read_by_eye().items() if label in ("on", "off")}
    return len(labels) == len(FILES) and all(labels[name] == label for name, label in certain.items())


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the files of the page's commands, and an `offsample` command."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "data").symlink_to(REAL_IMZML.parent)
    install_command(tmp_path / "bin", "offsample", f'{sys.executable} -m worker.cli.main "$@"')
    return tmp_path


def _run_example(name: str, folder: Path) -> str:
    paths = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
    finished = subprocess.run(
        ["sh", "-e", "-c", read_block("sources.md", f"example: {name}")],
        cwd=folder,
        env=os.environ | {"PATH": f"{folder}/bin:{os.environ['PATH']}", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr + finished.stdout
    return finished.stdout


def test_ions_of_a_list_are_classified_from_an_imzml(checkout: Path) -> None:
    printed = _run_example("imzml list", checkout)
    assert len(re.findall(r"\bclassified\b", printed)) == 2


def test_a_bare_imzml_is_classified_and_drawn(checkout: Path) -> None:
    _run_example("imzml peaks", checkout)
    with (checkout / "prostate.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["status"] for row in rows] == ["classified"] * 50
    with Image.open(checkout / "prostate.png") as page:
        assert page.size[0] > 1000


def test_the_event_on_an_imzml_works(service: LiveService) -> None:
    service.start_worker(allowed_roots=REAL_IMZML.parent)
    assert set(_submit(service, _event("imzml", **{"/data": str(REAL_IMZML.parent)}))) == {
        "strongest peak",
        "matrix cluster",
    }


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
