"""Zarr folders behind HTTP and in S3 are read chunk by chunk; other arrays are rejected."""

from pathlib import Path

import numpy as np
import pytest
import zarr
from live_stores import Answer, HttpFiles, S3Server
from store_fetching import access

from shared.errors import (
    InvalidInputError,
    TransientError,
    UnsupportedSourceError,
)
from worker.messages.event import Annotation, ArrayIonImages
from worker.sources.opening import open_source

IMAGES = np.random.default_rng(0).random((5, 6, 7)).astype(np.float32)


def _zarr_files(folder: Path, zarr_format: int) -> dict[str, bytes]:
    """A zarr group of five images, file by file."""
    group = zarr.open_group(folder, mode="w", zarr_format=zarr_format)  # type: ignore[arg-type]
    group.create_array("images", data=IMAGES, chunks=(2, 6, 7))
    group.create_array("annotation_ids", data=np.array(list("abcde"), dtype="T"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_zarr_folder_in_a_store_is_read_chunk_by_chunk(
    http: HttpFiles, bucket: str, s3: S3Server, tmp_path: Path, zarr_format: int
) -> None:
    files = _zarr_files(tmp_path / "a.zarr", zarr_format)
    http.files = {f"/x/a.zarr/{name}": content for name, content in files.items()}
    s3.put({f"x{zarr_format}/a.zarr/{name}": content for name, content in files.items()})
    for root in (f"{http.url}/x", f"{bucket}/x{zarr_format}"):
        source = open_source(ArrayIonImages(kind="array", uri=f"{root}/a.zarr"), access(root))
        assert [one.annotation_id for one in source.annotations()] == list("abcde")
        (found,) = source.fetch([Annotation(annotation_id="d")])
        assert found.ion_image is not None
        np.testing.assert_allclose(found.ion_image.intensities, IMAGES[3])
    chunks = [path for path in http.requested if "images" in path and path.endswith(("/0/0", ".0.0"))]
    assert len(chunks) == 1


def test_a_store_that_fails_while_zarr_is_read_is_a_temporary_error(http: HttpFiles, tmp_path: Path) -> None:
    files = _zarr_files(tmp_path / "a.zarr", 2)
    http.files = {f"/x/a.zarr/{name}": content for name, content in files.items()}
    source = open_source(ArrayIonImages(kind="array", uri=f"{http.url}/x/a.zarr"), access(http.url))
    http.files["/x/a.zarr/images/1.0.0"] = Answer(500)
    with pytest.raises(TransientError, match="HTTP 500"):
        list(source.fetch([Annotation(annotation_id="d")]))


@pytest.mark.parametrize("name", ["a.npz", "a.h5ad", "a"])
def test_other_arrays_in_a_store_are_rejected(http: HttpFiles, name: str) -> None:
    with pytest.raises(UnsupportedSourceError, match="zarr"):
        open_source(ArrayIonImages(kind="array", uri=f"{http.url}/{name}"), access(http.url))


def test_a_missing_zarr_folder_is_an_input_error(http: HttpFiles) -> None:
    with pytest.raises(InvalidInputError):
        open_source(ArrayIonImages(kind="array", uri=f"{http.url}/no.zarr"), access(http.url))
