"""Shapes of windows: which pixels of an acquisition's rectangle a window covers."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from shared.ion_image import Intensities
from training.synthetic.random_field import Mask, draw_log_uniform
from training.synthetic.scenes.outlines import Outline
from training.synthetic.scenes.placement import vary

SHORTEST_SIDE_PX = 8
SMALLEST_AREA_PX = 100
_LONGEST_TO_SHORTEST = 4.0
_SMOOTHING_PX = 1.5
_SMALLEST_SHARE = 0.25
"""Minimum share of a side of the acquisition."""


def draw_rectangle(shape: tuple[int, int], rng: np.random.Generator) -> Mask | None:
    """A rectangle at a random position; None when it is too narrow or too small."""
    sides = [round(draw_log_uniform(_shortest(side), side, rng)) for side in shape]
    return _place(np.ones(sides, dtype=np.bool_), shape, rng)


def draw_outline(shape: tuple[int, int], outlines: Sequence[Outline], rng: np.random.Generator) -> Mask | None:
    """A real sample's outline, varied and rescaled, at a random position; None when it does not fit."""
    mask = vary(outlines[int(rng.integers(len(outlines)))].sample_mask, rng)
    if not mask.any():
        return None
    trimmed = mask[ndimage.find_objects(mask.astype(np.uint8))[0]]
    longest_px = draw_log_uniform(_shortest(max(shape)), max(shape), rng)
    zoom = longest_px / max(trimmed.shape)
    if min(trimmed.shape) * zoom < 1:
        return None
    zoomed = ndimage.zoom(trimmed.astype(np.float32), zoom, order=1, grid_mode=True, mode="nearest")
    return _place(_make_solid(zoomed), shape, rng)


def _make_solid(outline: Intensities) -> Mask:
    """One piece without holes or ragged edges, like an area drawn by hand."""
    smooth = ndimage.gaussian_filter(np.pad(outline, 1), _SMOOTHING_PX) > 0.5
    filled = ndimage.binary_fill_holes(smooth)
    pieces, count = ndimage.label(filled)
    if count == 0:
        return np.zeros((0, 0), dtype=np.bool_)
    largest = pieces == 1 + int(np.argmax(ndimage.sum(filled, pieces, range(1, count + 1))))
    return np.asarray(largest[ndimage.find_objects(largest.astype(np.uint8))[0]])


def _shortest(side: int) -> float:
    return min(float(side), max(SHORTEST_SIDE_PX, _SMALLEST_SHARE * side))


def _place(part: Mask, shape: tuple[int, int], rng: np.random.Generator) -> Mask | None:
    height, width = part.shape
    longest, shortest = max(part.shape), min(part.shape)
    fits = height <= shape[0] and width <= shape[1] and part.sum() >= SMALLEST_AREA_PX
    if not fits or shortest < SHORTEST_SIDE_PX or longest > _LONGEST_TO_SHORTEST * shortest:
        return None
    top, left = (int(rng.integers(side - own + 1)) for side, own in zip(shape, part.shape, strict=True))
    placed = np.zeros(shape, dtype=np.bool_)
    placed[top : top + height, left : left + width] = part
    return placed
