"""Patterns: the noise-free intensities of one ion over one scene."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from training.synthetic.random_field import Field, draw_log_uniform, draw_slope, draw_smooth_field, draw_spots
from training.synthetic.scene import Mask, Scene
from training.synthetic.textures import TextureSource, draw_texture

_OFF_SHARE = 0.5
"""Share of ions that are meant to be off-sample; what they are called is measured, see `dataset.py`."""

_SAMPLE_STRUCTURES = (0.38, 0.2, 0.2, 0.05, 0.17)
"""Whole sample, regions, rim, core, spots."""

_MATRIX_STRUCTURES = (0.5, 0.15, 0.12, 0.08, 0.15)
"""All around, from one side, along the sample, along the edge of the acquisition, patches."""


def draw_pattern(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """Noise-free intensities, (H, W), arbitrary units, defined everywhere."""
    compose = _compose_off_sample if rng.random() < _OFF_SHARE else _compose_on_sample
    return compose(scene, source, rng)


def _compose_on_sample(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """Structured signal on the sample, leaking out, over a weaker background."""
    sample = scene.sample_mask
    layer = draw_texture(source, _shape(sample), rng) ** rng.uniform(0.5, 1.5)
    layer *= _draw_sample_structure(sample, rng)
    if rng.random() < 0.3:
        layer *= draw_slope(_shape(sample), rng.uniform(0.5, 3), rng)
    signal = _delocalise(_unit_mean(layer * sample, sample), rng)
    suppression = np.where(sample, rng.uniform(0.2, 1), 1.0)
    background = draw_log_uniform(0.003, 0.5, rng) * _draw_matrix(_shape(sample), rng)
    return signal + suppression * background


def _compose_off_sample(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """Matrix or solvent signal around the sample, suppressed on it and not absent."""
    sample = scene.sample_mask
    layer = _draw_matrix(_shape(sample), rng) * _draw_matrix_structure(scene, rng)
    around = _unit_mean(layer * ~sample, ~sample)
    texture = draw_texture(source, _shape(sample), rng)
    under = layer / max(float(layer[~sample].mean()), 1e-9) if rng.random() < 0.5 and not sample.all() else texture
    kept = draw_log_uniform(0.005, 0.6, rng)
    return _delocalise(around + kept * under * sample, rng)


def _draw_sample_structure(sample: Mask, rng: np.random.Generator) -> Field:
    """Where on the sample an ion is: a weight >= 0."""
    depth_px = np.asarray(ndimage.distance_transform_edt(np.pad(sample, 1, mode="edge")))[1:-1, 1:-1]
    depth = depth_px / max(float(depth_px.max()), 1.0)
    floor = rng.uniform(0, 0.4)

    def whole() -> Field:
        return np.ones(sample.shape)

    def regions() -> Field:
        field = draw_smooth_field(_shape(sample), max(sample.shape) * rng.uniform(0.06, 0.3), rng)
        return np.asarray(1 / (1 + np.exp(-8 * (field - rng.uniform(-0.5, 1.2)))))

    def rim() -> Field:
        uneven = np.exp(rng.uniform(0, 0.8) * draw_smooth_field(_shape(sample), max(sample.shape) * 0.1, rng))
        return np.asarray(uneven * np.exp(-depth / draw_log_uniform(0.04, 0.3, rng)) + rng.uniform(0.03, 0.5))

    def core() -> Field:
        return np.asarray(depth ** rng.uniform(0.5, 2))

    def spots() -> Field:
        return draw_spots(_shape(sample), sample, rng)

    return floor * rng.integers(2) + _draw_one((whole, regions, rim, core, spots), _SAMPLE_STRUCTURES, rng)


def _draw_matrix_structure(scene: Scene, rng: np.random.Generator) -> Field:
    """Where off the sample an ion is: a weight >= 0."""
    sample, side_px = scene.sample_mask, max(scene.sample_mask.shape)

    def all_around() -> Field:
        return np.ones(sample.shape)

    def one_side() -> Field:
        return draw_slope(_shape(sample), rng.uniform(1.5, 7), rng)

    def along_sample() -> Field:
        distance_px = ndimage.distance_transform_edt(~sample) if sample.any() else np.ones(sample.shape)
        return np.asarray(np.exp(-distance_px / (side_px * draw_log_uniform(0.03, 0.2, rng))))

    def along_edge() -> Field:
        inside_px = ndimage.distance_transform_edt(np.pad(scene.acquisition_mask, 1))[1:-1, 1:-1]
        return np.asarray(np.exp(-inside_px / (side_px * draw_log_uniform(0.02, 0.1, rng))))

    def patches() -> Field:
        return draw_spots(_shape(sample), ~sample & scene.acquisition_mask, rng)

    floor = rng.uniform(0, 0.3) * rng.integers(2)
    return floor + _draw_one((all_around, one_side, along_sample, along_edge, patches), _MATRIX_STRUCTURES, rng)


def _draw_matrix(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Matrix crystals: log-normal, coarse and fine; sometimes sloping; mean near 1."""
    coarse = draw_smooth_field(shape, max(shape) * rng.uniform(0.05, 0.3), rng)
    fine = draw_smooth_field(shape, rng.uniform(0.5, 2), rng)
    field = np.exp(rng.uniform(0, 0.6) * coarse + rng.uniform(0, 1) * fine)
    if rng.random() < 0.3:
        field *= draw_slope(shape, rng.uniform(0.3, 2), rng)
    return np.asarray(field / field.mean())


def _delocalise(signal: Field, rng: np.random.Generator) -> Field:
    """Blur as spray and laser do, and sometimes add a wide halo."""
    side_px = max(signal.shape)
    blurred = ndimage.gaussian_filter(signal, side_px * draw_log_uniform(0.002, 0.03, rng))
    if rng.random() < 0.25:
        blurred += rng.uniform(0.1, 0.7) * ndimage.gaussian_filter(signal, side_px * rng.uniform(0.04, 0.12))
    return np.asarray(blurred)


def _draw_one(drawers: tuple[Callable[[], Field], ...], shares: tuple[float, ...], rng: np.random.Generator) -> Field:
    return drawers[rng.choice(len(drawers), p=shares)]()


def _unit_mean(layer: Field, where: Mask) -> Field:
    """Scale so that the mean over `where` is 1; all 0 stays so."""
    mean = float(layer[where].mean()) if where.any() else 0.0
    return layer / mean if mean > 0 else layer


def _shape(mask: Mask) -> tuple[int, int]:
    height, width = mask.shape
    return height, width
