"""Statistics of the ion images of one dataset, without labels or regions."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from shared.ion_image import IonImage
from shared.preprocessing import preprocess, read_acquired, scale_intensities

Profile = npt.NDArray[np.float64]

DEPTHS = (0.0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
"""Edges of the border profile's steps: distance from the border of the acquired area, in longest sides."""

_NEAR_BORDER = 0.08


@dataclass(frozen=True)
class DatasetStatistics:
    """Statistics of the ion images of one dataset.

    Attributes
    ----------
    name
        Of the dataset.
    zeros
        Share of the acquired pixels that are 0, median over the ions.
    rank_1
        Share of the ion images' variance (network inputs, each ion centred and of unit norm) that one image explains.
    correlation
        Pearson's, median over pairs of ions.
    border
        Mean scaled intensity near the border of the acquired area over that of the rest, median over the ions.
    profile
        (10,) the mean ion image in steps away from the border, over its own mean; NaN where no pixel is that deep.
    acquired
        Share of the rectangle that was acquired.
    side_px
        Longest side.
    """

    name: str
    zeros: float
    rank_1: float
    correlation: float
    border: float
    profile: Profile
    acquired: float
    side_px: int


NAMES = ("zeros", "rank_1", "correlation", "border", "acquired", "side_px")
"""The statistics that are a single number."""


def measure_dataset(name: str, ion_images: Sequence[IonImage]) -> DatasetStatistics:
    """Measure at least two ion images of one size.

    All are clipped and scaled as for the networks, so that the scale of the data has no effect.
    """
    mask = np.logical_or.reduce([image.acquisition_mask for image in ion_images])
    scaled = np.stack([scale_intensities(image) for image in ion_images]).astype(np.float64)
    depth = measure_depth(mask)
    near = mask & (depth < _NEAR_BORDER)
    far = mask & ~near
    similarity = _correlate(ion_images)
    return DatasetStatistics(
        name=name,
        zeros=float(np.median((scaled[:, mask] == 0).mean(axis=1))),
        rank_1=float(np.linalg.eigvalsh(similarity)[-1] / len(similarity)),
        correlation=float(np.median(similarity[np.triu_indices(len(similarity), 1)])),
        border=_compare(scaled, near, far),
        profile=_draw_profile(scaled.mean(axis=0), mask, depth),
        acquired=float(mask.mean()),
        side_px=max(mask.shape),
    )


def measure_depth(mask: npt.NDArray[np.bool_]) -> Profile:
    """Distance of every pixel to the border of the acquired area, in longest sides; missing lines are no border."""
    body = ndimage.binary_closing(np.pad(mask, 3), iterations=2)
    return np.asarray((ndimage.distance_transform_edt(body)[3:-3, 3:-3] - 1) / max(mask.shape), dtype=np.float64)


def _correlate(ion_images: Sequence[IonImage]) -> Profile:
    """(N, N) Pearson correlations of the network inputs over the acquired pixels."""
    inputs = preprocess(ion_images)
    pixels = inputs[..., 0][:, read_acquired(inputs)].astype(np.float64)
    pixels -= pixels.mean(axis=1, keepdims=True)
    pixels /= np.maximum(np.linalg.norm(pixels, axis=1, keepdims=True), 1e-12)
    return np.asarray(pixels @ pixels.T)


def _compare(scaled: Profile, near: npt.NDArray[np.bool_], far: npt.NDArray[np.bool_]) -> float:
    if not near.any() or not far.any():
        return float("nan")
    inside, outside = scaled[:, far].mean(axis=1), scaled[:, near].mean(axis=1)
    return float(np.median(outside / np.maximum(inside, 1e-6)))


def _draw_profile(mean_image: Profile, mask: npt.NDArray[np.bool_], depth: Profile) -> Profile:
    overall = max(float(mean_image[mask].mean()), 1e-12)
    steps = [mask & (depth >= low) & (depth < high) for low, high in pairwise(DEPTHS)]
    return np.asarray([float(mean_image[step].mean()) / overall if step.any() else np.nan for step in steps])
