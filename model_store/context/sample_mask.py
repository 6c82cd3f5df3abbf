"""The sample mask of a dataset, predicted from its own ion images.

Pixels are clustered by their spectra (K-means with N = 5, as in the 2018 report's figure 12), and the mask rule selects
the clusters that are the sample. It is deterministic and needs only the pixel sketch, so it works on a stream of ion
images in bounded memory, at native size or on network inputs.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from model_store.context.mask_evidence import Candidates, find_candidates
from model_store.context.mask_rule import MASK_RULE, MaskRule
from model_store.context.pixel_clusters import cluster_pixels
from model_store.context.pixel_sketch import Float32, PixelSketch, unit_px
from shared.ion_image import AcquisitionMask

COMPONENTS = 8
"""Principal components that pixels are clustered on."""

_SMOOTHING_PX = 0.7
"""Deviation of the Gaussian that removes speckles from the mask, in pixels of a 56 x 56 image."""

OffSampleArea = Literal["present", "absent"]


@dataclass(frozen=True, eq=False)
class SampleMask:
    """Which acquired pixels are on the sample, predicted from the ion images."""

    mask: npt.NDArray[np.bool_]
    """(H, W), True = sample; False wherever nothing was acquired. All acquired pixels when nothing is off-sample."""

    off_sample_area: OffSampleArea | None
    """Whether any of the acquired area is off-sample; None when no ion image shows anything."""

    confidence: float
    """In [0, 1]: the overlap (intersection over union) with the true mask that is expected from the rule's own
    probabilities; for an absent off-sample area its probability. Where both are about equally likely, the rule says
    absent."""

    clusters: npt.NDArray[np.int8]
    """(H, W), number of a pixel's cluster from 0; -1 where nothing was acquired."""


def find_sample_mask(images: Float32, acquisition_mask: AcquisitionMask, rule: MaskRule = MASK_RULE) -> SampleMask:
    """The sample mask of ion images that are all in memory.

    Parameters
    ----------
    images
        (N, H, W) float32 in [0, 1]: `scale_intensities` at native size, or the ion images of network inputs.
    acquisition_mask
        (H, W) bool.

    Raises
    ------
    InvalidIonImageError
        When they are not of one size.
    """
    sketch = PixelSketch(acquisition_mask)
    sketch.add(images)
    return read_sample_mask(sketch, rule)


def read_sample_mask(sketch: PixelSketch, rule: MaskRule = MASK_RULE) -> SampleMask:
    """The sample mask of the ion images in a sketch."""
    acquired = sketch.acquisition_mask
    components = sketch.components(COMPONENTS)
    cluster_of = cluster_pixels(components)
    clusters = np.full(acquired.shape, -1, dtype=np.int8)
    clusters[acquired] = cluster_of
    if len(cluster_of) == 0 or cluster_of.max() == 0:
        return SampleMask(acquired.copy(), None, 0.0, clusters)
    candidates = find_candidates(components, cluster_of, acquired)
    odds = rule.rank(candidates)
    best = int(np.argmax(odds))
    presence = rule.estimate_presence(candidates.evidence[best])
    if presence < 0.5:
        return SampleMask(acquired.copy(), "absent", 1 - presence, clusters)
    expected = float(odds @ _overlap(candidates, best))
    return SampleMask(_smooth(candidates.splits[best], acquired), "present", presence * expected, clusters)


def _overlap(candidates: Candidates, best: int) -> npt.NDArray[np.float64]:
    """(C,) intersection over union of every candidate with the best."""
    chosen = candidates.splits[best]
    shared = (candidates.splits & chosen).sum(axis=1)
    return np.asarray(shared / (candidates.splits | chosen).sum(axis=1))


def _smooth(split: npt.NDArray[np.bool_], acquired: AcquisitionMask) -> npt.NDArray[np.bool_]:
    """The split as a mask, where each pixel follows the majority of its neighbourhood."""
    sigma_px = _SMOOTHING_PX * unit_px(acquired.shape)
    sample = np.zeros(acquired.shape)
    sample[acquired] = split
    share = ndimage.gaussian_filter(sample, sigma_px, mode="constant")
    weight = ndimage.gaussian_filter(acquired.astype(np.float64), sigma_px, mode="constant")
    smooth = acquired & (share > 0.5 * weight)
    return smooth if smooth.any() else sample > 0
