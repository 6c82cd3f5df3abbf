"""Which pixels of a scene are measured."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]

_RECTANGLE, _SAMPLE_ONLY, _AROUND_SAMPLE, _ELLIPSE = 0.72, 0.08, 0.12, 0.08
"""Shares of the shapes; METASPACE's gold standard has 66 rectangular datasets of 87."""

_DROPPED_PIXELS_SHARE = 0.1
_DROPPED_ROWS_SHARE = 0.05


def draw_acquisition_mask(sample_mask: Mask, rng: np.random.Generator) -> Mask:
    """A rectangle, the sample alone, the sample with a margin, or an ellipse; sometimes with missing pixels or rows."""
    shape = rng.choice(4, p=(_RECTANGLE, _SAMPLE_ONLY, _AROUND_SAMPLE, _ELLIPSE))
    if shape == 1:
        acquired = sample_mask.copy()
    elif shape == 2 and sample_mask.any():
        margin_px = rng.uniform(1, 0.25 * max(sample_mask.shape))
        acquired = np.asarray(ndimage.distance_transform_edt(~sample_mask) <= margin_px)
    elif shape == 3:
        acquired = _draw_ellipse(sample_mask.shape, rng)
    else:
        acquired = np.ones_like(sample_mask)
    return acquired & _draw_present(sample_mask.shape, rng)


def _draw_ellipse(shape: tuple[int, ...], rng: np.random.Generator) -> Mask:
    """An ellipse, or a lozenge, that nearly fills the image."""
    exponent = rng.choice((1.0, 2.0, 4.0))
    rows = np.abs(np.linspace(-1, 1, shape[0]))[:, np.newaxis] / rng.uniform(0.85, 1.2)
    columns = np.abs(np.linspace(-1, 1, shape[1]))[np.newaxis, :] / rng.uniform(0.85, 1.2)
    return np.asarray(rows**exponent + columns**exponent <= 1.2)


def _draw_present(shape: tuple[int, ...], rng: np.random.Generator) -> Mask:
    """True but for the pixels and rows that the instrument lost."""
    present = np.ones(shape, dtype=np.bool_)
    if rng.random() < _DROPPED_PIXELS_SHARE:
        present &= rng.random(shape) > rng.uniform(0.005, 0.05)
    if rng.random() < _DROPPED_ROWS_SHARE:
        present[rng.integers(shape[0], size=int(rng.integers(1, 4)))] = False
    return present
