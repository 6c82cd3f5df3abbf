"""The share of each stage on the common path, PNG file to probability: `python benchmarks/stages.py`."""

import io
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np
import png
from measuring import print_machine

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine
from model_store.release import open_release
from shared.files.foreign_file import OpenedFolder
from shared.ion_image import IonImage, make_ion_image
from shared.limits import Limits
from shared.png.image import decode_png, encode_png
from shared.preprocessing import preprocess
from worker.access.allowed_roots import AllowedRoots
from worker.classification.classification import classify
from worker.sources.png_folder import PngFolder

IMAGES, ROUNDS = 512, 5
STAGES = ("decode", "preprocess", "predict")


def draw_ion_image(side_px: int, seed: int) -> IonImage:
    """Counts over a smooth slope, a tenth of the pixels empty: packs about as well as a real ion image."""
    generator = np.random.default_rng(seed)
    expected = 20 * np.exp(-np.linspace(0, 3, side_px))[:, np.newaxis] * np.ones(side_px)
    return make_ion_image(generator.poisson(expected) * (generator.random((side_px, side_px)) > 0.1))


def encode_as_metaspace(ion_image: IonImage) -> bytes:
    """16-bit grey and alpha by pypng, METASPACE's own writer, which leaves rows unfiltered."""
    scale = 65535 / float(ion_image.intensities.max())
    grey = np.rint(ion_image.intensities * scale).astype(np.uint16)
    alpha = np.where(ion_image.acquisition_mask, 65535, 0).astype(np.uint16)
    height, width = ion_image.shape
    stream = io.BytesIO()
    writer = png.Writer(width=width, height=height, greyscale=True, alpha=True, bitdepth=16)
    writer.write(stream, np.stack([grey, alpha], axis=-1).reshape(height, -1).tolist())
    return stream.getvalue()


def seconds_of(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def describe_stages(files: list[bytes]) -> tuple[str, float]:
    """One stage after the other in one thread, results discarded; and the seconds of predicting."""
    ion_images = [decode_png(content, Limits()) for content in files]
    inputs = preprocess(ion_images, release.manifest.input.channels)

    def decode_all() -> None:
        for content in files:
            decode_png(content, Limits())

    def preprocess_all() -> None:
        for one in ion_images:
            preprocess([one], release.manifest.input.channels)

    runs = (decode_all, preprocess_all, partial(predictor.predict, inputs))
    seconds = np.median([[seconds_of(run) for run in runs] for _ in range(ROUNDS)], axis=0)
    shares = [
        f"{stage} {1e3 * one / IMAGES:.2f} ms ({one / seconds.sum():.0%})"
        for stage, one in zip(STAGES, seconds, strict=True)
    ]
    return ", ".join(shares), float(seconds[-1])


def describe_whole_path(folder: Path, predict_seconds: float) -> str:
    """What the service does with a folder: threads read, decode and preprocess while the main thread predicts."""
    source = PngFolder(OpenedFolder.at(folder), AllowedRoots((folder,)), Limits(), threads=4)
    annotations = source.annotations()

    def fetch_and_preprocess() -> None:
        for fetched in source.fetch(annotations):
            preprocess([cast("IonImage", fetched.ion_image)], release.manifest.input.channels)

    runs = (fetch_and_preprocess, partial(classify, source, annotations, predictor))
    fetch, whole = np.median([[seconds_of(run) for run in runs] for _ in range(ROUNDS)], axis=0)
    return (
        f"fetching, decoding and preprocessing alone {1e3 * fetch / IMAGES:.2f} ms an image: predicting alone takes"
        f" {predict_seconds / fetch:.1f}x as long; both side by side {1e3 * whole / IMAGES:.2f} ms,"
        f" {IMAGES / whole:,.0f} images/s"
    )


print_machine()
release = open_release()
predictor = open_predictor(release, Engine.ONNX)
print(f"release {release.version}, {len(release.manifest.members)} members, ONNX Runtime")
for side_px in (100, 200, 300):
    drawn = [draw_ion_image(side_px, seed) for seed in range(IMAGES)]
    for writer, encode in (("METASPACE's writer", encode_as_metaspace), ("libpng, filtered rows", encode_png)):
        files = [encode(ion_image) for ion_image in drawn]
        shares, predict_seconds = describe_stages(files)
        print(f"{side_px} x {side_px} px, {writer}: {shares}")
        with TemporaryDirectory() as folder:
            for index, content in enumerate(files):
                (Path(folder) / f"{index}.png").write_bytes(content)
            print(f"  the whole path: {describe_whole_path(Path(folder), predict_seconds)}")
