"""Patterns of ions that come from the slide, a film on it or contamination, as seen in real acquisitions."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from training.synthetic.patterns.layers import (
    delocalise,
    draw_matrix,
    draw_tissue,
    draw_unevenness,
    shape_of,
    side_px,
    signed_depth,
    unit_mean,
)
from training.synthetic.patterns.matrix import suppress
from training.synthetic.patterns.textures import TextureSource
from training.synthetic.random_field import Field, draw_log_uniform, draw_slope, draw_smooth_field
from training.synthetic.scenes.scene import Scene

_FEW_LINES = 4


def draw_bright_ring(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """A bright halo around dark samples, and darkness beyond it.

    The ring may touch the outline or lie at a distance. The sample is as dark as the area beyond it, or brighter.
    """
    away = np.maximum(-signed_depth(scene.sample_mask), 0)
    width, middle = draw_log_uniform(0.02, 0.12, rng), draw_log_uniform(0.005, 0.08, rng)
    ring = np.where(away < middle, 1.0, np.exp(-(((away - middle) / width) ** 2) / 2)) * ~scene.sample_mask
    ring = ring * draw_unevenness(scene, rng.uniform(0, 0.6), rng) * draw_matrix(scene, source, rng)
    if not scene.sample_mask.any() or not ring.any():
        return suppress(scene, ring + 1, source, rng)
    dark = draw_log_uniform(0.002, 0.05, rng)
    under = unit_mean(draw_tissue(scene, source, rng) * scene.sample_mask, scene.sample_mask)
    floor = dark * draw_log_uniform(0.3, 1.5, rng)
    return delocalise(unit_mean(ring, ~scene.sample_mask) + dark * under + floor * ~scene.sample_mask, rng)


def draw_striped_film(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """A film over everything but the sample, with strong stripes along the raster lines."""
    film = draw_matrix(scene, source, rng) * _draw_stripes(scene, rng)
    if rng.random() < 0.4:
        film = film * draw_slope(shape_of(scene), rng.uniform(0.5, 4), rng)
    return suppress(scene, film, source, rng)


def draw_corner_polymer(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """Polymer or glue at one corner or side of the slide, with a soft or ragged edge."""
    height, width = shape_of(scene)
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    row, column = _pick_bare_corner(scene, rng)
    distance = np.hypot((rows - row) * rng.uniform(0.6, 1.6), columns - column) / side_px(scene)
    ragged = rng.uniform(0, 0.08) * draw_smooth_field((height, width), side_px(scene) * rng.uniform(0.03, 0.15), rng)
    reach, softness = draw_log_uniform(0.08, 0.45, rng), draw_log_uniform(0.01, 0.1, rng)
    blot = 1 / (1 + np.exp(np.clip((distance + ragged - reach) / softness, -40, 40)))
    floor = draw_log_uniform(0.002, 0.1, rng)
    polymer = (floor + blot) * draw_unevenness(scene, rng.uniform(0.1, 0.7), rng)
    return suppress(scene, polymer * (0.5 + draw_matrix(scene, source, rng)), source, rng)


def draw_patterned_slide(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """A slide with fields of different brightness, such as coating, dried drops or wells, and dark sections on it."""
    shape, side = shape_of(scene), side_px(scene)
    fields = np.stack([draw_smooth_field(shape, side * rng.uniform(0.06, 0.3), rng) for _ in range(rng.integers(2, 5))])
    owner = np.argmax(fields, axis=0)
    levels = np.exp(rng.uniform(0.4, 1.2) * rng.standard_normal(len(fields)))
    slide = ndimage.gaussian_filter(levels[owner], draw_log_uniform(0.3, 0.02 * side + 0.5, rng))
    if rng.random() < 0.4:
        slide = slide * _draw_stripes(scene, rng)
    return suppress(scene, slide * draw_matrix(scene, source, rng), source, rng)


def _draw_stripes(scene: Scene, rng: np.random.Generator) -> Field:
    """(H, 1) or (1, W) factors of mean about 1: independent lines, bands of lines, or every other line."""
    height, width = shape_of(scene)
    along_rows = rng.random() < 0.8
    lines = height if along_rows else width
    strength = rng.uniform(0.4, 1.4)
    kind = rng.random()
    if kind < 0.5:
        stripes = np.exp(strength * rng.standard_normal(lines))
    elif kind < 0.8:
        bands = np.exp(strength * rng.standard_normal(max(_FEW_LINES, lines // int(rng.integers(3, 9)))))
        stripes = bands[np.sort(rng.integers(len(bands), size=lines))] * np.exp(0.15 * rng.standard_normal(lines))
    else:
        stripes = np.where(np.arange(lines) % 2 == 0, np.exp(strength), 1.0) * np.exp(0.2 * rng.standard_normal(lines))
    stripes = stripes / stripes.mean()
    return np.asarray(stripes[:, np.newaxis] if along_rows else stripes[np.newaxis, :], dtype=np.float64)


def _pick_bare_corner(scene: Scene, rng: np.random.Generator) -> tuple[int, int]:
    """A point on the image border with acquired bare slide nearby, preferably a corner."""
    bare = scene.acquisition_mask & ~scene.sample_mask
    rows, columns = np.nonzero(bare if bare.any() else scene.acquisition_mask)
    height, width = shape_of(scene)
    corners = [(row, column) for row in (0, height - 1) for column in (0, width - 1)]
    corners += [(int(rng.integers(height)), column) for column in (0, width - 1)]
    nearest = [float(np.hypot(rows - row, columns - column).min()) for row, column in corners]
    free = [corner for corner, px in zip(corners, nearest, strict=True) if px <= min(nearest) + 1]
    return free[int(rng.integers(len(free)))]


SLIDE_PATTERNS: dict[str, Callable[[Scene, TextureSource, np.random.Generator], Field]] = {
    "bright_ring": draw_bright_ring,
    "striped_film": draw_striped_film,
    "corner_polymer": draw_corner_polymer,
    "patterned_slide": draw_patterned_slide,
}
"""By the names that mixtures use."""
