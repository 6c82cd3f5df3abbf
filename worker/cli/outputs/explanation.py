"""The picture of an explained label: the ion image, and over it what speaks for off-sample and what for on-sample."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from shared.ion_image import IonImage
from worker.classification.occlusion import OcclusionMap
from worker.cli.outputs.gallery import colour_image
from worker.cli.outputs.picture_file import save_picture

_SIDE_PX, _GAP_PX, _TEXT_PX, _LEAST_WIDTH_PX = 520, 16, 26, 700
_OFF, _ON = (224, 100, 20), (20, 110, 220)
_STRONGEST: Final = 0.75
"""Opacity of the strongest part of a map."""

_INK, _PAPER, _LINE = (20, 24, 32), (255, 255, 255), (255, 255, 255)
_KEY: Final = (
    "left: the ion image; right: orange speaks for off-sample, blue for on-sample",
    "white line: outline of the predicted sample, where the dataset has off-sample area",
)


@dataclass(frozen=True, eq=False)
class ExplainedImage:
    """One ion image with the reasons of its label."""

    title: str
    ion_image: IonImage
    occlusion: OcclusionMap
    sample_mask: npt.NDArray[np.bool_] | None
    """(H, W) as the ion image; None where nothing is off-sample."""


def draw_explanation(explained: ExplainedImage, path: Path) -> None:
    """Draw a PNG file.

    Raises
    ------
    InvalidInputError
        When `path` cannot be written.
    """
    coloured = colour_image(explained.ion_image)
    grey = np.repeat(coloured.mean(axis=-1, keepdims=True).astype(np.uint8), 3, axis=-1)
    height, width = explained.ion_image.shape
    scale = _SIDE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    left = Image.fromarray(coloured).resize(size, Image.Resampling.NEAREST)
    right = Image.fromarray(grey).resize(size, Image.Resampling.NEAREST)
    right.paste(*_make_overlay(explained.occlusion, size))
    if explained.sample_mask is not None:
        right.paste(_LINE, mask=_make_outline(explained.sample_mask, size))
    lines = (explained.title, *_KEY)
    page_width = max(2 * size[0] + 3 * _GAP_PX, _LEAST_WIDTH_PX)
    page = Image.new("RGB", (page_width, size[1] + 2 * _GAP_PX + len(lines) * _TEXT_PX), _PAPER)
    page.paste(left, (_GAP_PX, _GAP_PX))
    page.paste(right, (size[0] + 2 * _GAP_PX, _GAP_PX))
    for number, line in enumerate(lines):
        top = size[1] + _GAP_PX + 8 + number * _TEXT_PX
        ImageDraw.Draw(page).text((_GAP_PX, top), line, _INK, font=ImageFont.load_default(17 if number == 0 else 14))
    save_picture(page, path)


def _make_overlay(occlusion: OcclusionMap, size: tuple[int, int]) -> tuple[Image.Image, tuple[int, int], Image.Image]:
    """Colours, their corner and their opacity, as `Image.paste` takes them."""
    strength = occlusion / max(float(np.abs(occlusion).max()), 1e-9)
    colours = np.where(strength[..., np.newaxis] > 0, _OFF, _ON).astype(np.uint8)
    opacity = (np.abs(strength) * _STRONGEST * 255).astype(np.uint8)
    smooth = Image.Resampling.BICUBIC
    return Image.fromarray(colours).resize(size, smooth), (0, 0), Image.fromarray(opacity).resize(size, smooth)


def _make_outline(mask: npt.NDArray[np.bool_], size: tuple[int, int]) -> Image.Image:
    """The border of the mask, two pixels wide."""
    large = np.asarray(Image.fromarray(mask.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)) > 0
    padded = np.pad(large, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return Image.fromarray(((large & ~inner) * 255).astype(np.uint8))
