"""Random fields: smooth, speckled or sloping intensities."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Field = npt.NDArray[np.float64]
"""(H, W) float64, >= 0."""

Mask = npt.NDArray[np.bool_]
"""(H, W)."""


def draw_log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    """One number whose logarithm is uniform between those of `low` and `high`."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def draw_smooth_field(shape: tuple[int, int], scale_px: float, rng: np.random.Generator) -> Field:
    """Standard normal field, correlated over about `scale_px`; mean 0, standard deviation 1."""
    coarse = max(1.0, scale_px / 2)
    small = (int(np.ceil(shape[0] / coarse)) + 3, int(np.ceil(shape[1] / coarse)) + 3)
    noise = ndimage.gaussian_filter(rng.standard_normal(small), min(scale_px, 2.0))
    zoomed = ndimage.zoom(noise, coarse, order=1) if coarse > 1 else noise
    field = zoomed[: shape[0], : shape[1]]
    return np.asarray((field - field.mean()) / (field.std() + 1e-9), dtype=np.float64)


def draw_slope(shape: tuple[int, int], steepness: float, rng: np.random.Generator) -> Field:
    """Exponential gradient across the image in a random direction; `steepness` is the log ratio end to end."""
    angle = rng.uniform(0, 2 * np.pi)
    rows = np.linspace(-0.5, 0.5, shape[0])[:, np.newaxis]
    columns = np.linspace(-0.5, 0.5, shape[1])[np.newaxis, :]
    return np.asarray(np.exp(steepness * (np.sin(angle) * rows + np.cos(angle) * columns)), dtype=np.float64)


def draw_spots(
    shape: tuple[int, int],
    allowed: npt.NDArray[np.bool_],
    rng: np.random.Generator,
    *,
    radius: tuple[float, float],
    most: int = 8,
) -> Field:
    """One to `most` round spots centred where `allowed`; `radius` is a range in longest sides. At most 1."""
    rows, columns = np.nonzero(allowed)
    field = np.zeros(shape)
    if rows.size == 0:
        return field
    radius_px = max(shape) * draw_log_uniform(*radius, rng)
    for pick in rng.integers(rows.size, size=int(rng.integers(1, most + 1))):
        field[rows[pick], columns[pick]] += draw_log_uniform(0.2, 5, rng)
    spots = ndimage.gaussian_filter(field, radius_px, mode="constant")
    return np.asarray(spots / (spots.max() + 1e-12), dtype=np.float64)
