"""Layers: the parts that patterns are composed of. A layer is a `Field` over a whole scene."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from training.synthetic.patterns.textures import TextureSource, draw_texture
from training.synthetic.random_field import Field, Mask, draw_log_uniform, draw_slope, draw_smooth_field
from training.synthetic.scenes.scene import Scene

_WIDE_HALO_SHARE = 0.2
_REAL_MATRIX_SHARE = 0.25


def shape_of(scene: Scene) -> tuple[int, int]:
    """(H, W)."""
    height, width = scene.sample_mask.shape
    return height, width


def side_px(scene: Scene) -> int:
    """The longest side."""
    return max(shape_of(scene))


def signed_depth(sample_mask: Mask) -> npt.NDArray[np.float64]:
    """Distance to the outline of the sample in longest sides, positive inside and negative outside.

    The border of the image does not count as an outline: a sample cut by it continues beyond it.
    """
    far = max(sample_mask.shape)
    inside = ndimage.distance_transform_edt(sample_mask) if not sample_mask.all() else np.full(sample_mask.shape, far)
    outside = ndimage.distance_transform_edt(~sample_mask) if sample_mask.any() else np.full(sample_mask.shape, far)
    return np.asarray((inside - outside) / far, dtype=np.float64)


def draw_tissue(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """A real texture with changed contrast; mean near 1."""
    return np.asarray(draw_texture(source, shape_of(scene), rng) ** rng.uniform(0.5, 1.5))


def draw_matrix(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """Matrix crystals: log-normal, coarse and fine, sometimes sloping, sometimes with a real texture; mean 1."""
    shape = shape_of(scene)
    coarse = draw_smooth_field(shape, max(shape) * rng.uniform(0.05, 0.3), rng)
    fine = draw_smooth_field(shape, rng.uniform(0.5, 2), rng)
    field = np.exp(rng.uniform(0, 0.6) * coarse + rng.uniform(0, 1) * fine)
    if rng.random() < 0.3:
        field *= draw_slope(shape, rng.uniform(0.3, 2), rng)
    if rng.random() < _REAL_MATRIX_SHARE:
        field *= 0.2 + draw_texture(source, shape, rng)
    return np.asarray(field / field.mean())


def draw_unevenness(scene: Scene, strength: float, rng: np.random.Generator) -> Field:
    """A smooth factor around 1, of log standard deviation `strength`."""
    scale_px = side_px(scene) * rng.uniform(0.04, 0.2)
    return np.asarray(np.exp(strength * draw_smooth_field(shape_of(scene), scale_px, rng)))


def delocalise(signal: Field, rng: np.random.Generator) -> Field:
    """Blur as spray and laser do, and sometimes add a wide halo."""
    side = max(signal.shape)
    blurred = ndimage.gaussian_filter(signal, side * draw_log_uniform(0.002, 0.025, rng))
    if rng.random() < _WIDE_HALO_SHARE:
        blurred += rng.uniform(0.1, 0.7) * ndimage.gaussian_filter(signal, side * rng.uniform(0.04, 0.12))
    return np.asarray(blurred)


def smear(signal: Field, rng: np.random.Generator) -> Field:
    """Drag the signal a long way in one direction, as solvent does; the trail decays."""
    side = max(signal.shape)
    steps = max(2, int(side * rng.uniform(0.08, 0.3)))
    angle = rng.uniform(0, 2 * np.pi)
    direction = np.asarray((np.sin(angle), np.cos(angle)))
    length = steps * rng.uniform(0.3, 0.8)
    smeared, total = np.zeros_like(signal), 0.0
    for step in np.unique(np.linspace(0, steps, min(steps, 12)).astype(int)):
        weight = float(np.exp(-step / length))
        smeared += weight * ndimage.shift(signal, direction * step, order=0, mode="constant")
        total += weight
    return np.asarray(ndimage.gaussian_filter(smeared / total, side * 0.01))


def unit_mean(layer: Field, where: Mask) -> Field:
    """Scale so that the mean over `where` is 1; a layer of zeros stays unchanged."""
    mean = float(layer[where].mean()) if where.any() else 0.0
    return layer / mean if mean > 0 else layer
