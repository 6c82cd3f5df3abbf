"""Patterns: the noise-free intensities of one ion over one scene, by name."""

from collections.abc import Callable

import numpy as np

from training.synthetic.patterns.layers import (
    delocalise,
    draw_matrix,
    draw_tissue,
    draw_unevenness,
    shape_of,
    unit_mean,
)
from training.synthetic.patterns.matrix import MATRIX_PATTERNS
from training.synthetic.patterns.sample import SAMPLE_PATTERNS
from training.synthetic.patterns.slide import SLIDE_PATTERNS
from training.synthetic.patterns.textures import TextureSource
from training.synthetic.random_field import Field, draw_log_uniform, draw_smooth_field
from training.synthetic.scenes.scene import Scene

_MOST_CONTRAST = 4.0


def draw_everywhere(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """On and off the sample, with a contrast between them in either direction."""
    contrast = draw_log_uniform(1 / _MOST_CONTRAST, _MOST_CONTRAST, rng)
    around = draw_matrix(scene, source, rng)
    inside = draw_tissue(scene, source, rng) if rng.random() < 0.6 else around
    inside = unit_mean(inside, scene.sample_mask) * contrast
    return delocalise(np.where(scene.sample_mask, inside, unit_mean(around, ~scene.sample_mask)), rng)


def draw_streaks(scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """Lines of the acquisition stand out, over a contrast in either direction."""
    height = shape_of(scene)[0]
    field = draw_everywhere(scene, source, rng)
    bright = rng.random(height) < rng.uniform(0.02, 0.3)
    lines = np.where(bright, draw_log_uniform(2, 12, rng), 1.0) * np.exp(0.2 * rng.standard_normal(height))
    streaked = field * lines[:, np.newaxis]
    along = draw_smooth_field(shape_of(scene), max(2.0, shape_of(scene)[1] * 0.2), rng)
    return np.asarray(streaked * np.exp(rng.uniform(0, 0.5) * along) * draw_unevenness(scene, 0.2, rng))


PATTERNS: dict[str, Callable[[Scene, TextureSource, np.random.Generator], Field]] = {
    **SAMPLE_PATTERNS,
    **MATRIX_PATTERNS,
    **SLIDE_PATTERNS,
    "everywhere": draw_everywhere,
    "streaks": draw_streaks,
}
"""By the names that mixtures use. The label is measured on the drawn pattern and does not depend on the name."""


def draw_pattern(name: str, scene: Scene, source: TextureSource, rng: np.random.Generator) -> Field:
    """Noise-free intensities, (H, W), arbitrary units, defined everywhere."""
    return PATTERNS[name](scene, source, rng)
