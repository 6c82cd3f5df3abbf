"""Acquired areas: which pixels of a scene are measured."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from training.synthetic.mixture import Artefacts
from training.synthetic.random_field import Mask, draw_log_uniform, draw_smooth_field

_CLOSED_SHARE = 0.5


def acquire_rectangle(sample_mask: Mask, rng: np.random.Generator) -> Mask:  # noqa: ARG001 - one signature for all shapes
    """Everything."""
    return np.ones_like(sample_mask)


def acquire_sample_only(sample_mask: Mask, rng: np.random.Generator) -> Mask:
    """The sample, exactly or with a pixel or so around it."""
    if rng.random() < _CLOSED_SHARE:
        return sample_mask.copy()
    return np.asarray(ndimage.binary_dilation(sample_mask, iterations=int(rng.integers(1, 3))))


def acquire_around_sample(sample_mask: Mask, rng: np.random.Generator) -> Mask:
    """The sample with a margin that follows its outline."""
    margin_px = rng.uniform(1, 0.25 * max(sample_mask.shape))
    return np.asarray(ndimage.distance_transform_edt(~sample_mask) <= margin_px)


def acquire_close_to_sample(sample_mask: Mask, rng: np.random.Generator) -> Mask:
    """A hand-drawn area around the sample: it follows the outline closely, with a varying margin.

    This is how real irregular acquisitions look; wide margins are rare.
    """
    height, width = sample_mask.shape
    margin_px = draw_log_uniform(0.005, 0.06, rng) * max(sample_mask.shape)
    wobble = 1 + 0.6 * draw_smooth_field((height, width), 0.15 * max(sample_mask.shape), rng)
    away_px = ndimage.distance_transform_edt(~sample_mask)
    return np.asarray(away_px <= np.maximum(margin_px * wobble, 0))


def acquire_inside_sample(sample_mask: Mask, rng: np.random.Generator) -> Mask:
    """The sample without its rim, as when the area is drawn slightly too small."""
    padded = np.pad(sample_mask, 1, mode="edge")  # the border of the image does not count as a rim
    depth_px = ndimage.distance_transform_edt(padded)[1:-1, 1:-1] if not sample_mask.all() else np.inf
    inner = np.asarray(sample_mask & (depth_px > rng.integers(1, 4)))
    return inner if inner.any() else sample_mask.copy()


def acquire_ellipse(sample_mask: Mask, rng: np.random.Generator) -> Mask:
    """An ellipse, a lozenge or a rounded rectangle that nearly fills the image."""
    exponent = rng.choice((1.0, 2.0, 4.0))
    height, width = sample_mask.shape
    rows = np.abs(np.linspace(-1, 1, height))[:, np.newaxis] / rng.uniform(0.85, 1.2)
    columns = np.abs(np.linspace(-1, 1, width))[np.newaxis, :] / rng.uniform(0.85, 1.2)
    return np.asarray(rows**exponent + columns**exponent <= 1.2)


ACQUIRED_AREAS: dict[str, Callable[[Mask, np.random.Generator], Mask]] = {
    "rectangle": acquire_rectangle,
    "sample_only": acquire_sample_only,
    "around_sample": acquire_around_sample,
    "ellipse": acquire_ellipse,
    "close_to_sample": acquire_close_to_sample,
    "inside_sample": acquire_inside_sample,
}
"""By the names that mixtures use."""


def lose_pixels(acquired: Mask, artefacts: Artefacts, rng: np.random.Generator) -> Mask:
    """Remove random pixels and rows, as an instrument loses them."""
    present = np.ones_like(acquired)
    if rng.random() < artefacts.missing_pixels:
        present &= rng.random(acquired.shape) > rng.uniform(0.005, 0.05)
    if rng.random() < artefacts.missing_rows:
        present[rng.integers(acquired.shape[0], size=int(rng.integers(1, 4)))] = False
    return acquired & present
