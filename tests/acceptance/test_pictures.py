"""The pictures in README and docs are those that the current code and release draw."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

IMAGES = Path(__file__).parents[2] / "docs" / "images"

LEAST_ALIKE = 0.99
"""Share of pixels that differ by less than `SLIGHT`: a digit of a probability may differ between processors."""

SLIGHT = 24


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all pictures, drawn as `make pictures` draws them."""
    folder = tmp_path_factory.mktemp("images")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OFFSAMPLE_")}
    subprocess.run([sys.executable, str(IMAGES / "draw.py"), str(folder)], check=True, timeout=300, env=environment)
    return folder


@pytest.mark.parametrize("name", ["gallery.png", "synthetic_gallery.png", "mistakes.png"])
def test_a_committed_picture_is_current(drawn: Path, name: str) -> None:
    committed, now = (read_pixels(folder / name) for folder in (IMAGES, drawn))
    assert committed.shape == now.shape
    assert (np.abs(committed - now).max(axis=-1) < SLIGHT).mean() > LEAST_ALIKE


@pytest.mark.parametrize("name", ["report.png", "no_background.png", "reasons.png", "inside_a_brain.png"])
def test_a_committed_picture_with_text_is_current(drawn: Path, name: str) -> None:
    """Compared in blocks of 8 x 8 px: fonts differ between machines."""
    committed, now = (read_blocks(folder / name) for folder in (IMAGES, drawn))
    assert committed.shape == now.shape
    assert (np.abs(committed - now).max(axis=-1) < SLIGHT).mean() > 0.95


def read_blocks(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        small = picture.convert("RGB").resize((picture.width // 8, picture.height // 8), Image.Resampling.BOX)
        return np.asarray(small, dtype=np.int16)


def read_pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.int16)
