"""A folder below an allowed root, repeatedly exchanged for a symlink out of it while it is read.

Only files below the root are read, never those outside, which have the same names.
"""

import ctypes
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import pytest
from imzml_making import write_imzml
from source_making import array, imzml, png

from shared.errors import OffSampleError
from shared.ion_image import make_ion_image
from shared.limits import Limits
from shared.png.image import encode_png
from worker.access.allowed_roots import AllowedRoots
from worker.events.annotations import list_annotations
from worker.messages.event import Annotation, DatasetAnnotated, IonImagesLocation
from worker.sources.opening import SourceAccess, open_source
from worker.sources.source import FetchedIonImage

_SECONDS = 2.0
_FEWEST_ROUNDS = 5
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
INSIDE, OUTSIDE = 1.0, 2.0


def exchange_repeatedly(one: bytes, other: bytes, ended: Event) -> None:
    """Exchange two names atomically, as fast as possible."""
    rename = ctypes.CDLL(None).renameat2
    while not ended.is_set():
        for _ in range(100):
            rename(_AT_FDCWD, one, _AT_FDCWD, other, _RENAME_EXCHANGE)


@contextmanager
def exchanged(folder: Path, link: Path) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    ended = context.Event()
    process = context.Process(target=exchange_repeatedly, args=(os.fsencode(folder), os.fsencode(link), ended))
    process.start()
    try:
        yield
    finally:
        ended.set()
        process.join(30)
        assert process.exitcode == 0


def picture(value: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """An image whose first pixel encodes the value, whatever the scale."""
    pixels = np.ones((6, 8))
    pixels[0, 0] = 1 + value
    return pixels


def write_pngs(folder: Path, value: float) -> None:
    for name in "abcdefgh":
        (folder / f"{name}.png").write_bytes(encode_png(make_ion_image(picture(value))))


def write_npz(folder: Path, value: float) -> None:
    np.savez(folder / "a.npz", images=picture(value)[np.newaxis])


def write_h5ad(folder: Path, value: float) -> None:
    import h5py  # noqa: PLC0415 - an extra

    with h5py.File(folder / "a.h5ad", "w") as file:
        file["X"] = picture(value).reshape(-1, 1)
        file["obs/ion_image_pixel_y"], file["obs/ion_image_pixel_x"] = (
            found.ravel() for found in np.mgrid[:6, :8].astype(np.int64)
        )


def write_zarr(folder: Path, value: float) -> None:
    import zarr  # noqa: PLC0415 - an extra

    zarr.create_array(str(folder / "a.zarr"), data=picture(value)[np.newaxis], chunks=(1, 6, 8), zarr_format=2)


def write_mass_image(folder: Path, value: float) -> None:
    spectra = [
        (np.array([500.0]), np.array([intensity]), (x + 1, y + 1, 1))
        for (y, x), intensity in np.ndenumerate(picture(value))
    ]
    write_imzml(folder / "a.imzML", spectra)


KINDS: dict[str, tuple[Callable[[Path, float], None], Callable[[Path], IonImagesLocation]]] = {
    "png folder": (write_pngs, png),
    "npz": (write_npz, lambda folder: array(folder / "a.npz")),
    "h5ad": (write_h5ad, lambda folder: array(folder / "a.h5ad")),
    "zarr": (write_zarr, lambda folder: array(folder / "a.zarr")),
    "imzml": (write_mass_image, lambda folder: imzml(str(folder / "a.imzML"))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_outside_the_root_is_read(tmp_path: Path, kind: str) -> None:
    write, locate = KINDS[kind]
    folder, link, outside = tmp_path / "root" / "dataset", tmp_path / "root" / "link", tmp_path / "outside"
    folder.mkdir(parents=True)
    outside.mkdir()
    write(folder, INSIDE)
    write(outside, OUTSIDE)
    link.symlink_to(outside)
    access = SourceAccess(AllowedRoots((tmp_path / "root",)), Limits())
    seen: list[float] = []
    rounds, started = 0, time.monotonic()
    with exchanged(folder, link):
        while time.monotonic() - started < _SECONDS or (len(seen) < _FEWEST_ROUNDS and rounds < 100_000):
            rounds += 1
            seen += read_once(locate(folder), access)
            assert OUTSIDE not in seen, f"after {rounds} rounds"
    assert INSIDE in seen


def read_once(location: IonImagesLocation, access: SourceAccess) -> list[float]:
    """The values of the images that could be read; errors are allowed."""
    try:
        with open_source(location, access) as source:
            fetched = list(source.fetch(source.annotations()))
    except OffSampleError:
        return []
    return decode_values(fetched)


def decode_values(fetched: Iterable[FetchedIonImage]) -> list[float]:
    images = [one.ion_image.intensities for one in fetched if one.ion_image is not None]
    return [float(np.rint(image[0, 0] / image[1, 1] - 1)) for image in images]


def test_no_list_outside_the_root_is_read(tmp_path: Path) -> None:
    folder, link, outside = tmp_path / "root" / "lists", tmp_path / "root" / "link", tmp_path / "outside"
    (tmp_path / "root" / "dataset").mkdir(parents=True)
    write_pngs(tmp_path / "root" / "dataset", INSIDE)
    for place, word in ((folder, "inside"), (outside, "outside")):
        place.mkdir()
        (place / "ions.csv").write_text(f"annotation_id\n{word}\n")
    link.symlink_to(outside)
    access = SourceAccess(AllowedRoots((tmp_path / "root",)), Limits())
    location = png(tmp_path / "root" / "dataset")
    data = DatasetAnnotated(dataset_id="a", ion_images=location, annotations_uri=str(folder / "ions.csv"))
    seen: set[str] = set()
    started = time.monotonic()
    with exchanged(folder, link), open_source(location, access) as source:
        while time.monotonic() - started < _SECONDS or ("inside" not in seen and time.monotonic() - started < 60):
            try:
                found: list[Annotation] = list(list_annotations(data, source, access).annotations)
            except OffSampleError:
                continue
            seen |= {one.annotation_id for one in found}
            assert "outside" not in seen
    assert seen == {"inside"}


def test_a_dataset_that_was_opened_stays_the_one_that_is_read(tmp_path: Path) -> None:
    """Also when all of its folder is exchanged for another allowed one."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, value in ((first, INSIDE), (second, OUTSIDE)):
        folder.mkdir()
        write_pngs(folder, value)
    with open_source(png(first), SourceAccess(AllowedRoots((tmp_path,)), Limits())) as source:
        annotations = source.annotations()
        shutil.move(first, tmp_path / "third")
        second.rename(first)
        assert decode_values(source.fetch(annotations)) == [INSIDE] * 8
