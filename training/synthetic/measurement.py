"""The measurement: from noise-free intensities to an ion image."""

from collections.abc import Callable

import numpy as np

from shared.ion_image import IonImage, make_ion_image
from training.synthetic.mixture import Artefacts
from training.synthetic.random_field import Field, Mask, draw_log_uniform

_FEWEST_SHOWN, _MOST_SHOWN = 4, 40
"""Pixels with signal in a nearly empty image."""


def simulate_measurement(
    pattern: Field, acquisition_mask: Mask, signal: str, artefacts: Artefacts, rng: np.random.Generator
) -> IonImage:
    """Pixel-to-pixel scatter and stripes, then counting at the level named `signal`, then the other artefacts."""
    expected = pattern * acquisition_mask / max(float(pattern[acquisition_mask].mean()), 1e-12)
    expected = _scatter(expected, artefacts, rng) * acquisition_mask
    counts = SIGNALS[signal](expected, rng)
    if rng.random() < artefacts.threshold:
        counts[counts < counts.mean() * rng.uniform(0.1, 1.5)] = 0
    if rng.random() < artefacts.hot_spots:
        hot = rng.random(counts.shape) < draw_log_uniform(0.0002, 0.003, rng)
        counts = np.where(hot, np.maximum(counts, counts.mean()) * draw_log_uniform(3, 30, rng), counts)
    if rng.random() < artefacts.eight_bit:
        counts = np.rint(counts * (255 / max(float(counts.max()), 1e-12)))
    return make_ion_image(counts * acquisition_mask, acquisition_mask)


def count_nearly_empty(expected: Field, rng: np.random.Generator) -> Field:
    """A handful of pixels: too few ions, or a noise threshold that only the strongest pass."""
    shown = draw_log_uniform(_FEWEST_SHOWN, _MOST_SHOWN, rng)
    if rng.random() < 0.5:
        return _count(expected, shown / max(float(expected.sum()), 1e-12), rng)
    return _keep_strongest(expected * rng.gamma(2, 0.5, expected.shape), shown / expected.size)


def count_few(expected: Field, rng: np.random.Generator) -> Field:
    """Less than one count in two pixels, or signal in a few pixels of a hundred."""
    if rng.random() < 0.6:
        return _count(expected, draw_log_uniform(0.02, 0.5, rng), rng)
    return _keep_strongest(expected * rng.gamma(4, 0.25, expected.shape), draw_log_uniform(0.01, 0.15, rng))


def count_moderate(expected: Field, rng: np.random.Generator) -> Field:
    """Some counts a pixel."""
    return _count(expected, draw_log_uniform(0.5, 20, rng), rng)


def count_plenty(expected: Field, rng: np.random.Generator) -> Field:
    """Enough counts that shot noise is invisible."""
    return _count(expected, draw_log_uniform(20, 2000, rng), rng)


def count_saturated(expected: Field, rng: np.random.Generator) -> Field:
    """The detector's ceiling cuts a tenth to two thirds of the signal."""
    counts = _count(expected, draw_log_uniform(20, 2000, rng), rng)
    signal = counts[counts > 0]
    return np.minimum(counts, np.quantile(signal, rng.uniform(0.33, 0.9))) if signal.size else counts


SIGNALS: dict[str, Callable[[Field, np.random.Generator], Field]] = {
    "nearly_empty": count_nearly_empty,
    "few": count_few,
    "moderate": count_moderate,
    "plenty": count_plenty,
    "saturated": count_saturated,
}
"""By the names that mixtures use; each takes expected intensities (H, W) of mean about 1 and returns counts."""


def _count(expected: Field, mean_counts: float, rng: np.random.Generator) -> Field:
    return rng.poisson(np.minimum(expected * mean_counts, 1e6)).astype(np.float64)


def _keep_strongest(expected: Field, share: float) -> Field:
    """Keep the strongest `share` of the pixels; set the others to 0."""
    return np.where(expected > np.quantile(expected, 1 - min(share, 1.0)), expected, 0.0)


def _scatter(expected: Field, artefacts: Artefacts, rng: np.random.Generator) -> Field:
    """Ionisation differs from shot to shot (gamma) and from line to line (log-normal)."""
    if rng.random() < artefacts.scatter:
        evenness = draw_log_uniform(2, 30, rng)
        expected = expected * rng.gamma(evenness, 1 / evenness, expected.shape)
    if rng.random() < artefacts.stripes:
        lines = np.exp(rng.uniform(0.1, 0.5) * rng.standard_normal(expected.shape[0]))
        expected = expected * lines[:, np.newaxis]
    return expected
