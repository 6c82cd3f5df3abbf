"""The evidence for every way to split a dataset's pixels into sample and off-sample area.

Every assignment of the clusters of pixels to sample and off-sample is a candidate. The evidence for it:

- border: off-sample pixels are along the border of the acquired area, the sample is deep inside;
- agreement of the ion images: the split explains much of their common variance;
- coherence: ion images have a step at the split's edge, not a slope across it;
- size: of two equally good splits, the one with more sample.

Two more numbers tell how reliable this is: the number of ions, and whether the acquired area is a rectangle.

None of it uses single ions, labels or a true mask.
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from model_store.context.pixel_clusters import ClusterOf
from model_store.context.pixel_sketch import PixelComponents, unit_px
from shared.ion_image import AcquisitionMask

_RING_PX = 2.0
_EDGE_PX = 3.0
"""Widths of the border ring and of both sides of a split's edge, in pixels of a 56 x 56 image."""

_MAX_IONS = 150
"""Maximum number of ions that counts as evidence; the rule was fitted on up to so many."""

_MIN_EXPLAINED = 1e-3
"""Keeps the logarithm of a share finite."""

Split = npt.NDArray[np.bool_]
"""(P,) over the acquired pixels, True = sample."""


@dataclass(frozen=True)
class Evidence:
    """The evidence for a candidate."""

    off_border: float
    """Share of the acquired area's border ring that is off-sample."""

    depth: float
    """How much deeper inside the acquired area the sample is, on average; 1 = depth of the deepest pixel."""

    agreement: float
    """Share of the variance that the ion images share which the split explains, in units of the best candidate's."""

    sharpness: float
    """The step within 3 px of the split's edge, in units of the difference between both areas' means."""

    size: float
    """Logarithm of the sample's share of the acquired area."""

    explained: float
    """Logarithm of that share itself; shared is what lies in the leading components, so that noise does not count."""

    ions: float
    """Logarithm of the number of ion images, of 150 where there are more: of few, any split explains much."""

    frame: float
    """Share of the image that was acquired: an acquisition that is no rectangle often follows the sample."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """All splits of a dataset's clusters."""

    splits: npt.NDArray[np.bool_]
    """(C, P)."""

    evidence: tuple[Evidence, ...]


def find_candidates(
    components: PixelComponents, cluster_of: ClusterOf, acquisition_mask: AcquisitionMask
) -> Candidates:
    """Every split of two or more clusters with neither side empty, with its evidence."""
    clusters = int(cluster_of.max()) + 1
    choices = np.array([one for one in product((False, True), repeat=clusters) if 0 < sum(one) < clusters])
    splits = choices[:, cluster_of]
    place = _AcquiredPixels(acquisition_mask)
    found = [_measure_evidence(split, components, place) for split in splits]
    most = max(one.agreement for one in found)
    evidence = tuple(replace(one, agreement=one.agreement / max(most, 1e-12)) for one in found)
    return Candidates(splits, evidence)


class _AcquiredPixels:
    """Geometry of the acquired pixels."""

    def __init__(self, acquisition_mask: AcquisitionMask) -> None:
        filled = ndimage.binary_fill_holes(np.pad(acquisition_mask, 1))
        depth_px = np.asarray(ndimage.distance_transform_edt(filled))[1:-1, 1:-1]
        self.acquired = acquisition_mask
        self.unit = unit_px(acquisition_mask.shape)
        self.ring = depth_px[acquisition_mask] <= _RING_PX * self.unit
        self.depth = depth_px[acquisition_mask] / depth_px.max()

    def near_edge(self, split: Split) -> tuple[Split, Split]:
        """Sample and off-sample pixels that are close to the other side."""
        sample = np.zeros_like(self.acquired)
        sample[self.acquired] = split
        off = self.acquired & ~sample
        reach = _EDGE_PX * self.unit
        near_off = np.asarray(ndimage.distance_transform_edt(~off) <= reach)[self.acquired]
        near_sample = np.asarray(ndimage.distance_transform_edt(~sample) <= reach)[self.acquired]
        return split & near_off, ~split & near_sample


def _measure_evidence(split: Split, components: PixelComponents, place: _AcquiredPixels) -> Evidence:
    """The evidence for one candidate; `agreement` is not yet relative."""
    scores, pixels = components.scores, len(split)
    sample, off = int(split.sum()), int((~split).sum())
    step = scores[split].mean(axis=0) - scores[~split].mean(axis=0)
    explained = float(step @ step) * sample * off / pixels / max(float(np.square(scores).sum()), 1e-12)
    inside, outside = place.near_edge(split)
    meet = bool(inside.any() and outside.any())  # areas with a gap between them have no edge in common
    step_at_edge = scores[inside].mean(axis=0) - scores[outside].mean(axis=0) if meet else np.zeros_like(step)
    return Evidence(
        off_border=float(np.mean(~split[place.ring])),
        depth=float(place.depth[split].mean() - place.depth[~split].mean()),
        agreement=explained,
        sharpness=float(step_at_edge @ step) / max(float(step @ step), 1e-12),
        size=float(np.log(sample / pixels)),
        explained=float(np.log(explained + _MIN_EXPLAINED)),
        ions=float(np.log(min(max(components.ions, 1), _MAX_IONS))),
        frame=float(place.acquired.mean()),
    )
