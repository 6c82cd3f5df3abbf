"""Sources and stores close what they opened, as counted in file descriptors of this process."""

import gc
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import make_random_ion_image
from imzml_making import make_spectra, write_imzml
from live_stores import HttpFiles
from source_making import array, imzml, png
from store_fetching import access

from shared.errors import OffSampleError
from shared.ion_image import IonImage
from shared.limits import Limits
from shared.png.image import encode_png
from worker.access.allowed_roots import AllowedRoots
from worker.events.annotations import list_annotations
from worker.messages.event import Annotation, DatasetAnnotated, IonImagesLocation
from worker.sources.opening import SourceAccess, open_source

_TIMES = 60


def count_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted, not read


def require_none_left(use: Callable[[], Any]) -> None:
    """After a first call, which opens what the process keeps, further calls leave nothing open.

    The garbage collector is off, because it would close what was forgotten.
    """
    use()
    before = count_descriptors()
    gc.disable()
    try:
        for _ in range(_TIMES):
            use()
        give_up_at = time.monotonic() + 8  # less than the 15 s after which aiohttp closes idle connections
        while count_descriptors() > before + 2 and time.monotonic() < give_up_at:
            time.sleep(0.05)  # the server in this process closes its ends a moment later
        assert count_descriptors() <= before + 2
    finally:
        gc.enable()


def read_first(location: IonImagesLocation, granted: SourceAccess, annotations: list[Annotation] | None = None) -> None:
    with open_source(location, granted) as source:
        wanted = annotations or list(source.annotations())[:1]
        (found,) = source.fetch(wanted)
        assert isinstance(found.ion_image, IonImage), found.reason


def test_http_stores_are_closed(http: HttpFiles) -> None:
    http.files["/list.csv"] = b"annotation_id\na\n"
    granted = access(http.url)
    location = png(f"{http.url}/ds")
    data = DatasetAnnotated(dataset_id="a", ion_images=location, annotations_uri=f"{http.url}/list.csv")

    def use() -> None:
        with open_source(location, granted) as source:
            (found,) = source.fetch(list_annotations(data, source, granted).annotations)
            assert isinstance(found.ion_image, IonImage)

    require_none_left(use)


def test_a_store_whose_array_cannot_be_opened_is_closed(http: HttpFiles) -> None:
    def use() -> None:
        with pytest.raises(OffSampleError):
            open_source(array(f"{http.url}/a.zarr"), access(http.url))

    require_none_left(use)


def test_buckets_are_closed(bucket: str) -> None:
    require_none_left(lambda: read_first(png(f"{bucket}/ds"), access(bucket), [Annotation(annotation_id="a")]))


@pytest.mark.parametrize("kind", ["png", "npz", "zarr", "imzml"])
def test_sources_on_disk_are_closed(tmp_path: Path, kind: str) -> None:
    granted = SourceAccess(AllowedRoots((tmp_path,)), Limits())
    if kind == "png":
        (tmp_path / "a.png").write_bytes(encode_png(make_random_ion_image(0)))
        location: IonImagesLocation = png(tmp_path)
    elif kind == "npz":
        np.savez(tmp_path / "a.npz", images=np.random.default_rng(0).random((2, 6, 7)))
        location = array(tmp_path / "a.npz")
    elif kind == "zarr":
        import zarr  # noqa: PLC0415 - an extra

        zarr.create_array(str(tmp_path / "a.zarr"), data=np.random.default_rng(0).random((2, 6, 7)))
        location = array(tmp_path / "a.zarr")
    else:
        write_imzml(tmp_path / "a.imzML", make_spectra(4, 5))
        location = imzml(str(tmp_path / "a.imzML")).model_copy(update={"ppm": 500.0})
    require_none_left(lambda: read_first(location, granted))


def test_a_source_that_fails_to_open_closes_its_files(tmp_path: Path) -> None:
    write_imzml(tmp_path / "a.imzML", make_spectra(4, 5))
    (tmp_path / "a.ibd").write_bytes(b"cut")
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04broken")
    granted = SourceAccess(AllowedRoots((tmp_path,)), Limits())

    def use() -> None:
        for location in (imzml(str(tmp_path / "a.imzML")), array(tmp_path / "a.npz"), array(tmp_path)):
            with pytest.raises(OffSampleError):
                open_source(location, granted)

    require_none_left(use)
