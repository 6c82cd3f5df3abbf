"""Placements: how a sample lies in the image."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from training.synthetic.random_field import Mask, draw_log_uniform, draw_smooth_field

Placer = Callable[[Mask, np.random.Generator], Mask]

_ROTATED_SHARE = 0.4
_WARPED_SHARE = 0.5
_HOLED_SHARE = 0.1


def place_framed(outline: Mask, rng: np.random.Generator) -> Mask:
    """A window at a random position, larger than the outline (more slide) or a little smaller (cuts the sample)."""
    zoom = draw_log_uniform(0.75, 1.5, rng) if rng.random() < 0.7 else 1.0
    return _frame(vary(outline, rng), zoom, rng)


def place_touching(outline: Mask, rng: np.random.Generator) -> Mask:
    """A small window: the sample is cut by the borders of the image and may lie in a corner."""
    return _frame(vary(outline, rng), draw_log_uniform(0.4, 0.75, rng), rng)


def place_off_centre(outline: Mask, rng: np.random.Generator) -> Mask:
    """A large slide with the sample at one side or in a corner."""
    mask = _trim(vary(outline, rng))
    height, width = mask.shape
    sides = (int(height * draw_log_uniform(1.2, 2.2, rng)) + 1, int(width * draw_log_uniform(1.2, 2.2, rng)) + 1)
    placed = np.zeros(sides, dtype=np.bool_)
    # most of the slack is on one side
    top, left = (int((side - own) * rng.beta(0.5, 2.5)) for side, own in zip(sides, mask.shape, strict=True))
    placed[top : top + height, left : left + width] = mask
    return placed[:: rng.choice((1, -1)), :: rng.choice((1, -1))]


def place_sections(outline: Mask, rng: np.random.Generator) -> Mask:
    """Two to four sections of one sample side by side, similar but not equal."""
    sections = [_trim(vary(outline, rng)) for _ in range(int(rng.integers(2, 5)))]
    gap = max(1, int(0.1 * max(outline.shape)))
    height = max(section.shape[0] for section in sections) + gap
    row = [_pad_to_height(section, height, int(rng.integers(1, gap + 1)), rng) for section in sections]
    side_by_side = np.concatenate(row, axis=1)
    return _frame(side_by_side if rng.random() < 0.5 else side_by_side.T, draw_log_uniform(0.9, 1.2, rng), rng)


def place_tight(outline: Mask, rng: np.random.Generator) -> Mask:
    """The window fits the sample tightly: little or no off-sample area is left."""
    trimmed = _trim(vary(outline, rng))
    cut = [int(side * rng.uniform(0, 0.25)) for side in trimmed.shape]
    top, left = (int(rng.integers(one + 1)) for one in cut)
    height, width = (side - one for side, one in zip(trimmed.shape, cut, strict=True))
    return np.asarray(ndimage.binary_closing(trimmed[top : top + height, left : left + width], iterations=2))


def place_everywhere(outline: Mask, rng: np.random.Generator) -> Mask:
    """Sample from edge to edge."""
    return np.ones_like(_frame(outline, draw_log_uniform(0.5, 1.5, rng), rng))


def place_round(outline: Mask, rng: np.random.Generator) -> Mask:
    """One to three separate round samples, such as spheroids, colonies or punches; mostly two."""
    side = max(outline.shape)
    count = int(rng.choice((1, 2, 3), p=(0.25, 0.55, 0.2)))
    radii = [side * draw_log_uniform(0.1, 0.22, rng) for _ in range(count)]
    gap = side * draw_log_uniform(0.04, 0.3, rng)
    centres = np.cumsum([2 * radius + gap for radius in radii]) - np.asarray(radii)
    width = int(centres[-1] + radii[-1] + gap)
    height = int(2 * max(radii) + 2 * side * draw_log_uniform(0.05, 0.3, rng))
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    placed = np.zeros((height, width), dtype=np.bool_)
    for centre, radius in zip(centres, radii, strict=True):
        row = height / 2 + rng.uniform(-0.1, 0.1) * side
        squash = draw_log_uniform(0.8, 1.25, rng)
        placed |= np.hypot((rows - row) * squash, (columns - centre) / squash) <= radius
    placed = _warp(placed, rng)
    return placed if rng.random() < 0.5 else placed.T


def place_small_sections(outline: Mask, rng: np.random.Generator) -> Mask:
    """Three to nine small sections in rows on a large slide, covering little of it."""
    section = _trim(vary(outline, rng))
    across, down = int(rng.integers(2, 4)), int(rng.integers(1, 4))
    pitch = int(max(section.shape) * draw_log_uniform(1.3, 2.4, rng))
    placed = np.zeros((down * pitch + pitch // 2, across * pitch + pitch // 2), dtype=np.bool_)
    for row in range(down):
        for column in range(across):
            own = section[:: rng.choice((1, -1)), :: rng.choice((1, -1))]
            height, width = own.shape
            top = row * pitch + int(rng.integers(pitch * 3 // 2 - height + 1))
            left = column * pitch + int(rng.integers(pitch * 3 // 2 - width + 1))
            window = placed[top : top + height, left : left + width]
            window |= own[: window.shape[0], : window.shape[1]]
    return placed if rng.random() < 0.5 else placed.T


PLACEMENTS: dict[str, Placer] = {
    "framed": place_framed,
    "touching": place_touching,
    "off_centre": place_off_centre,
    "sections": place_sections,
    "tight": place_tight,
    "everywhere": place_everywhere,
    "round": place_round,
    "small_sections": place_small_sections,
}
"""By the names that mixtures use; each takes an outline (H, W) and returns a sample mask of another size."""


def vary(outline: Mask, rng: np.random.Generator) -> Mask:
    """Flip, transpose, sometimes rotate by any angle, warp and pierce an outline."""
    mask = outline[:: rng.choice((1, -1)), :: rng.choice((1, -1))]
    if rng.random() < 0.5:
        mask = mask.T
    if rng.random() < _ROTATED_SHARE:
        mask = ndimage.rotate(mask.astype(np.uint8), rng.uniform(-45, 45), order=0, reshape=True) > 0
    if rng.random() < _WARPED_SHARE:
        mask = _warp(mask, rng)
    if rng.random() < _HOLED_SHARE:
        height, width = mask.shape
        pierced = mask & (draw_smooth_field((height, width), 0.15 * max(mask.shape), rng) < rng.uniform(1.2, 2))
        mask = pierced if pierced.any() else mask
    return np.asarray(mask)


def _warp(mask: Mask, rng: np.random.Generator) -> Mask:
    """Bend the outline smoothly by up to a tenth of its longest side."""
    height, width = mask.shape
    scale_px, most_px = rng.uniform(0.1, 0.4) * max(mask.shape), rng.uniform(0.01, 0.04) * max(mask.shape)
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    bent = [axis + most_px * draw_smooth_field((height, width), scale_px, rng) for axis in (rows, columns)]
    return np.asarray(ndimage.map_coordinates(mask.astype(np.uint8), bent, order=0, mode="nearest") > 0)


def _trim(mask: Mask) -> Mask:
    """The smallest window that shows all of the sample."""
    if not mask.any():
        return mask
    window = ndimage.find_objects(mask.astype(np.uint8))[0]
    return np.asarray(mask[window])


def _pad_to_height(mask: Mask, height: int, gap: int, rng: np.random.Generator) -> Mask:
    above = int(rng.integers(height - mask.shape[0] + 1))
    return np.pad(mask, ((above, height - mask.shape[0] - above), (gap // 2, gap - gap // 2)))


def _frame(mask: Mask, zoom: float, rng: np.random.Generator) -> Mask:
    """Cut out a window, `zoom` times as large, at a random position."""
    sides = [max(8, int(side * zoom * draw_log_uniform(0.8, 1.25, rng))) for side in mask.shape]
    framed = np.zeros(sides, dtype=np.bool_)
    source, target = [], []
    for side, wanted in zip(mask.shape, sides, strict=True):
        start = int(rng.integers(min(0, side - wanted), max(0, side - wanted) + 1))
        source.append(slice(max(0, start), min(side, start + wanted)))
        target.append(slice(max(0, -start), max(0, -start) + source[-1].stop - source[-1].start))
    framed[tuple(target)] = mask[tuple(source)]
    return framed
