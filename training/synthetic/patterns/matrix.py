"""Patterns of ions that come from matrix, solvent or slide: suppressed on the sample, rarely absent there."""

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
from training.synthetic.patterns.textures import TextureSource
from training.synthetic.random_field import Field, draw_log_uniform, draw_slope, draw_smooth_field, draw_spots
from training.synthetic.scenes.scene import Scene

_NEAR_SIDES = 0.06
"""How far from the sample its surroundings reach, in longest sides."""


def draw_matrix_around(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """All around the sample."""
    return suppress(scene, draw_matrix(scene, source, rng), source, rng)


def draw_weakly_suppressed(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """All around, and only a little weaker on the sample."""
    layer = unit_mean(draw_matrix(scene, source, rng), ~scene.sample_mask)
    under = draw_tissue(scene, source, rng) if rng.random() < 0.5 else layer
    return delocalise(np.where(scene.sample_mask, rng.uniform(0.2, 0.7) * under, layer), rng)


def draw_one_side(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """Stronger towards one side or corner."""
    slope = draw_slope(shape_of(scene), rng.uniform(1.5, 7), rng)
    return suppress(scene, slope * draw_matrix(scene, source, rng), source, rng)


def draw_halo(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """Around the sample, decreasing with distance; the sample itself is dark."""
    distance = np.maximum(-signed_depth(scene.sample_mask), 0)
    halo = np.exp(-distance / draw_log_uniform(0.01, 0.2, rng)) * draw_unevenness(scene, rng.uniform(0, 1), rng)
    return suppress(scene, (rng.uniform(0, 0.2) + halo) * draw_matrix(scene, source, rng), source, rng)


def draw_acquisition_edge(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """Along the edge of the acquired area, on all or some sides."""
    inside_px = ndimage.distance_transform_edt(np.pad(scene.acquisition_mask, 1))[1:-1, 1:-1]
    edge = np.exp(-inside_px / (side_px(scene) * draw_log_uniform(0.01, 0.1, rng)))
    if rng.random() < 0.6:
        edge = edge * draw_slope(shape_of(scene), rng.uniform(1, 6), rng)
    return suppress(scene, edge * draw_unevenness(scene, rng.uniform(0, 1), rng), source, rng)


def draw_patches(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """Speckled patches off the sample: crystals, dust, marks on the slide."""
    allowed = ~scene.sample_mask & scene.acquisition_mask
    spots = draw_spots(shape_of(scene), allowed, rng, radius=(0.004, 0.04))
    speckle = draw_smooth_field(shape_of(scene), rng.uniform(0.5, 1.5), rng)
    floor = draw_log_uniform(0.001, 0.1, rng) * rng.integers(2)
    return suppress(scene, (floor + spots) * np.exp(rng.uniform(0.5, 1.5) * speckle), source, rng)


def suppress(scene: Scene, layer: Field, source: TextureSource, rng: np.random.Generator) -> Field:
    """Mean 1 off the sample and less on it: darker than both its near and its far surroundings.

    A sample brighter than the slide around it would look like tissue, whatever happens at the borders.
    """
    sample = scene.sample_mask
    around = unit_mean(layer * ~sample, ~sample)
    if sample.all():
        return delocalise(draw_log_uniform(0.003, 1, rng) * draw_tissue(scene, source, rng), rng)
    far = signed_depth(sample) < -_NEAR_SIDES
    near = ~sample & ~far
    level = min(float(around[where].mean()) for where in (near, far) if where.any())
    under = unit_mean(draw_tissue(scene, source, rng) if rng.random() < 0.5 else layer, sample)
    return delocalise(around + level * draw_log_uniform(0.005, 0.7, rng) * under * sample, rng)


MATRIX_PATTERNS: dict[str, Callable[[Scene, TextureSource, np.random.Generator], Field]] = {
    "matrix_around": draw_matrix_around,
    "weakly_suppressed": draw_weakly_suppressed,
    "one_side": draw_one_side,
    "halo": draw_halo,
    "acquisition_edge": draw_acquisition_edge,
    "patches": draw_patches,
}
"""By the names that mixtures use."""
