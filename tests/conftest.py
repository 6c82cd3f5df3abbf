"""What tests of every tier share: the shipped release, the bladder, ion images to write."""

import gc
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine, Predictor
from model_store.release import Release, open_release
from shared.ion_image import IonImage, make_ion_image
from shared.png.image import encode_png

# A busy machine is slow at times, so no deadline; tmp_path is one per test, whose examples overwrite their file.
settings.register_profile(
    "offsample", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("offsample")
OF_TESTS = "OFFSAMPLE_TEST_"


def pytest_configure() -> None:
    """Tests see no settings of the shell; Ctrl+C works although a shell ignores it in the background."""
    for name in [name for name in os.environ if name.startswith("OFFSAMPLE_") and not name.startswith(OF_TESTS)]:
        del os.environ[name]
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What was imported stays, so no later collection of garbage need look through it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def release() -> Release:
    """The release that ships."""
    return open_release()


@pytest.fixture(scope="session")
def plain_release() -> Release:
    """The newest plain release."""
    return open_release("2026.11.3")


@pytest.fixture(scope="session")
def predictor(plain_release: Release) -> Predictor:
    """Predicts every image alone."""
    return open_predictor(plain_release, Engine.ONNX)


@pytest.fixture
def random_ion_image() -> IonImage:
    return make_random_ion_image(0)


@pytest.fixture
def png_folder(tmp_path: Path) -> Path:
    """Eight sound PNGs, image_0 to image_7, 20 x 30 px."""
    folder = tmp_path / "dataset"
    folder.mkdir()
    for number in range(8):
        (folder / f"image_{number}.png").write_bytes(encode_png(make_random_ion_image(number)))
    return folder


def make_random_ion_image(seed: int, shape: tuple[int, int] = (20, 30)) -> IonImage:
    """Exponential intensities, a tenth of the pixels not acquired."""
    rng = np.random.default_rng(seed)
    return make_ion_image(rng.exponential(size=shape), rng.random(shape) > 0.1)
