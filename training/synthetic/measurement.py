"""The measurement: from noise-free intensities to what an instrument reports."""

import numpy as np

from shared.ion_image import IonImage, make_ion_image
from training.synthetic.random_field import Field, draw_log_uniform
from training.synthetic.scene import Mask

_FEW_COUNTS_SHARE = 0.2
_HOT_SPOTS_SHARE = 0.25
_STRIPES_SHARE = 0.1
_THRESHOLD_SHARE = 0.35
_EIGHT_BIT_SHARE = 0.3


def measure(pattern: Field, acquisition_mask: Mask, rng: np.random.Generator) -> IonImage:
    """Shot noise, pixel-to-pixel scatter, stripes, a noise threshold, hot spots, few grey levels."""
    expected = pattern * acquisition_mask / max(float(pattern[acquisition_mask].mean()), 1e-12)
    expected = _scatter(expected, rng)
    few = rng.random() < _FEW_COUNTS_SHARE
    mean_counts = draw_log_uniform(0.01, 0.4, rng) if few else draw_log_uniform(0.4, 300, rng)
    counts = rng.poisson(np.minimum(expected * mean_counts, 1e6)).astype(np.float64)
    if rng.random() < _THRESHOLD_SHARE:
        counts[counts < mean_counts * rng.uniform(0.1, 1.5)] = 0
    if rng.random() < _HOT_SPOTS_SHARE:
        hot = rng.random(counts.shape) < draw_log_uniform(0.0002, 0.003, rng)
        counts = np.where(hot, np.maximum(counts, mean_counts) * draw_log_uniform(3, 30, rng), counts)
    if rng.random() < _EIGHT_BIT_SHARE:
        counts = np.rint(counts * (255 / max(float(counts.max()), 1e-12)))
    return make_ion_image(counts, acquisition_mask)


def _scatter(expected: Field, rng: np.random.Generator) -> Field:
    """Ionisation differs from shot to shot (gamma) and from line to line (log-normal)."""
    if rng.random() < 0.6:
        evenness = draw_log_uniform(2, 30, rng)
        expected = expected * rng.gamma(evenness, 1 / evenness, expected.shape)
    if rng.random() < _STRIPES_SHARE:
        lines = np.exp(rng.uniform(0.1, 0.5) * rng.standard_normal(expected.shape[0]))
        expected = expected * lines[:, np.newaxis]
    return expected
