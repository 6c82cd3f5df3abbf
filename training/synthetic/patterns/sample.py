"""Patterns of ions that come from the sample: where on it they are, what leaks out, what else is there."""

from collections.abc import Callable

import numpy as np

from training.synthetic.patterns.layers import (
    delocalise,
    draw_matrix,
    draw_tissue,
    draw_unevenness,
    shape_of,
    side_px,
    signed_depth,
    smear,
    unit_mean,
)
from training.synthetic.patterns.textures import TextureSource
from training.synthetic.random_field import Field, draw_log_uniform, draw_slope, draw_smooth_field, draw_spots
from training.synthetic.scenes.scene import Scene

_MOST_MATRIX_AMONG_SPOTS = 0.15
"""With more matrix the sample would look like a dark hole with a spot in it."""


def draw_whole_sample(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """All over the sample, with its texture."""
    return _cut(scene, draw_tissue(scene, source, rng), source, rng)


def draw_structures(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """Some regions of the sample, with soft or sharp borders."""
    field = draw_smooth_field(shape_of(scene), side_px(scene) * rng.uniform(0.05, 0.3), rng)
    sharpness = draw_log_uniform(3, 20, rng)
    regions = 1 / (1 + np.exp(-sharpness * (field - rng.uniform(-0.5, 1.4))))
    floor = rng.uniform(0, 0.3) * rng.integers(2)
    return _cut(scene, (floor + regions) * draw_tissue(scene, source, rng), source, rng)


def draw_rim(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """Bright along the outline, weaker inside, and weakest outside."""
    depth = signed_depth(scene.sample_mask)
    width = draw_log_uniform(0.008, 0.08, rng)
    middle = width * rng.uniform(-0.3, 1.2)
    profile = np.exp(-(((depth - middle) / width) ** 2) / 2)
    rim = profile * draw_unevenness(scene, rng.uniform(0.2, 1.2), rng) * draw_tissue(scene, source, rng)
    inside = draw_log_uniform(0.03, 0.5, rng) * draw_tissue(scene, source, rng) * scene.sample_mask
    outside = float(inside[scene.sample_mask].mean()) * draw_log_uniform(0.01, 0.7, rng)
    return delocalise(rim + inside + outside * draw_matrix(scene, source, rng) * ~scene.sample_mask, rng)


def draw_core(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """Stronger towards the centre of the sample."""
    depth = np.maximum(signed_depth(scene.sample_mask), 0)
    core = (depth / max(float(depth.max()), 1e-9)) ** rng.uniform(0.4, 2)
    return _cut(scene, core * draw_tissue(scene, source, rng), source, rng)


def draw_spots_on_sample(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """A few spots of the sample."""
    spots = draw_spots(shape_of(scene), scene.sample_mask, rng, radius=(0.012, 0.09))
    floor = draw_log_uniform(0.002, 0.2, rng) * rng.integers(2)
    return _cut(scene, (floor + spots) * draw_tissue(scene, source, rng), source, rng, most=_MOST_MATRIX_AMONG_SPOTS)


def draw_edge_cluster(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """One compact structure at the edge of the sample, which extends beyond it."""
    depth = signed_depth(scene.sample_mask)
    at_edge = scene.sample_mask & (depth < rng.uniform(0.02, 0.1)) & scene.acquisition_mask
    cluster = draw_spots(shape_of(scene), at_edge, rng, radius=(0.02, 0.09), most=3)
    cluster *= draw_tissue(scene, source, rng) * draw_unevenness(scene, 0.6, rng)
    kept = np.where(scene.sample_mask, 1.0, rng.uniform(0, 0.4))
    return _add_matrix(scene, cluster * kept, source, rng, most=_MOST_MATRIX_AMONG_SPOTS)


def draw_delocalised(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """An analyte of the sample that leaked out of it, all around or to one side."""
    signal = draw_tissue(scene, source, rng) * draw_unevenness(scene, rng.uniform(0, 0.8), rng) * scene.sample_mask
    spread = rng.uniform(0.2, 0.9)
    if rng.random() < 0.5:
        leaked = smear(signal, rng)
    else:
        leaked = np.exp(np.minimum(signed_depth(scene.sample_mask), 0) / draw_log_uniform(0.02, 0.12, rng))
    leaked = unit_mean(leaked, scene.sample_mask) * spread + (1 - spread) * unit_mean(signal, scene.sample_mask)
    return _add_matrix(scene, leaked, source, rng, most=0.5)


def draw_gradient_on_sample(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """On the sample, much stronger at one end."""
    slope = draw_slope(shape_of(scene), rng.uniform(1.5, 5), rng)
    return _cut(scene, slope * draw_tissue(scene, source, rng), source, rng)


def _cut(scene: Scene, layer: Field, source: TextureSource, rng: np.random.Generator, *, most: float = 0.5) -> Field:
    """Cut a layer to the sample, and add matrix."""
    return _add_matrix(scene, layer * scene.sample_mask, source, rng, most=most)


def _add_matrix(scene: Scene, layer: Field, source: TextureSource, rng: np.random.Generator, *, most: float) -> Field:
    """Bring a layer to mean 1 on the sample, delocalise it, and add up to `most` of matrix signal."""
    suppression = np.where(scene.sample_mask, rng.uniform(0.5, 1), 1.0)
    matrix = draw_log_uniform(0.001, most, rng) * suppression * draw_matrix(scene, source, rng)
    return delocalise(unit_mean(layer, scene.sample_mask), rng) + matrix


SAMPLE_PATTERNS: dict[str, Callable[[Scene, TextureSource, np.random.Generator], Field]] = {
    "whole_sample": draw_whole_sample,
    "structures": draw_structures,
    "rim": draw_rim,
    "core": draw_core,
    "spots_on_sample": draw_spots_on_sample,
    "edge_cluster": draw_edge_cluster,
    "delocalised": draw_delocalised,
    "gradient_on_sample": draw_gradient_on_sample,
}
"""By the names that mixtures use."""
