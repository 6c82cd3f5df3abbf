"""Without the extras everything else works, and errors name the missing extra."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr

PROGRAM = """
import sys
from pathlib import Path
for name in {missing!r}:
    sys.modules[name] = None  # so that importing it raises ImportError
from shared.limits import Limits
from shared.errors import UnsupportedSourceError
from worker.messages.event import ArrayIonImages, MetaspaceIonImages, PngIonImages
from worker.access.allowed_roots import AllowedRoots
from worker.sources.opening import SourceAccess, open_source
from worker.access.allowed_stores import ANY_NETWORK, AllowedStores
from worker.stores.opening import StoreAccess
from worker.access.store_uri import parse_store_uri
import worker.cli.main
prefixes = tuple(map(parse_store_uri, ["s3://bucket", "gs://bucket", "http://localhost", "https://metaspace2020.org"]))
access = SourceAccess(AllowedRoots((Path("/"),)), Limits(), stores=StoreAccess(AllowedStores(prefixes, ANY_NETWORK)))
for location in ({locations}):
    try:
        open_source(location, access).annotations()
        print("opened")
    except UnsupportedSourceError as error:
        print(error)
"""
OPTIONAL = ["aiohttp", "fsspec", "s3fs", "gcsfs", "metaspace", "requests", "zarr", "numcodecs", "h5py"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    zarr.create_array(tmp_path / "a.zarr", data=np.ones((2, 3, 4)))
    with h5py.File(tmp_path / "a.h5ad", "w") as file:
        file["X"] = np.ones((12, 2))
    np.savez(tmp_path / "a.npz", images=np.ones((2, 3, 4)))
    return tmp_path


EXPECTED = {
    "PngIonImages(kind='png', uri='s3://bucket/x')": "offsample[s3]",
    "PngIonImages(kind='png', uri='gs://bucket/x')": "offsample[gs]",
    "PngIonImages(kind='png', uri='http://localhost/x')": "offsample[http]",
    "MetaspaceIonImages(kind='metaspace', dataset_id='x')": "offsample[metaspace]",
    "ArrayIonImages(kind='array', uri='s3://bucket/a.zarr')": "offsample[arrays]",
    "ArrayIonImages(kind='array', uri='{folder}/a.zarr')": "offsample[arrays]",
    "ArrayIonImages(kind='array', uri='{folder}/a.h5ad')": "offsample[arrays]",
    "ArrayIonImages(kind='array', uri='{folder}/a.npz')": "opened",
}


def test_only_what_needs_an_extra_fails_without_it_and_names_it(folder: Path) -> None:
    locations = ", ".join(EXPECTED).format(folder=folder)
    program = PROGRAM.format(missing=OPTIONAL, locations=locations)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    for line, expected in zip(ended.stdout.splitlines(), EXPECTED.values(), strict=True):
        assert line.removesuffix("'").endswith(expected)
