"""Cutting a window out of an acquisition: which shapes and positions are valid."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import ndimage

from training.acquisitions.acquisition import Acquisition, Regions
from training.synthetic.random_field import Mask
from training.synthetic.scenes.outlines import Outline
from training.windows.shapes import SMALLEST_AREA_PX, draw_outline, draw_rectangle

_TRIES = 300
"""Tries of one kind before another is drawn."""

_KINDS_TRIED = 4
_CLOSING_PX = 2
"""Gaps up to twice this width are lines that the instrument lost."""

_INSIDE_SHARE = 0.98
"""Share of a shape's acquired pixels that must lie on the sample; the others are removed."""

_LEAST_OFF_SAMPLE, _LEAST_SAMPLE = 0.04, 0.08
"""Minimum shares of a window's acquired pixels. With less off-sample area a window is neither with nor without."""

_LEAST_PX = 12
"""Minimum pixels of either region for a meaningful ratio of the two."""

Cutter = Callable[[Acquisition, Regions, Sequence[Outline], np.random.Generator], Mask | None]


def cut_rectangle(
    acquisition: Acquisition, regions: Regions, outlines: Sequence[Outline], rng: np.random.Generator
) -> Mask | None:
    """A rectangle."""
    del regions, outlines  # one signature for all kinds
    return draw_rectangle(acquisition.shape, rng)


def cut_outline(
    acquisition: Acquisition, regions: Regions, outlines: Sequence[Outline], rng: np.random.Generator
) -> Mask | None:
    """The outline of another sample."""
    del regions
    return draw_outline(acquisition.shape, outlines, rng)


def cut_along_sample(
    acquisition: Acquisition, regions: Regions, outlines: Sequence[Outline], rng: np.random.Generator
) -> Mask | None:
    """The sample's own outline, or a pixel or two inside it; missing lines are no outline."""
    del acquisition, outlines
    padded = np.pad(regions.sample, _CLOSING_PX + 1, mode="edge")
    body = ndimage.binary_closing(padded, iterations=_CLOSING_PX)
    inner = ndimage.distance_transform_edt(body) > rng.integers(3) if not body.all() else body
    cut = slice(_CLOSING_PX + 1, -_CLOSING_PX - 1)
    return np.asarray(inner[cut, cut])


def cut_around_sample(
    acquisition: Acquisition, regions: Regions, outlines: Sequence[Outline], rng: np.random.Generator
) -> Mask | None:
    """The outline of the sample with a narrow margin, as in irregular acquisitions."""
    del outlines
    near_px = float(rng.uniform(1, max(3.0, 0.12 * max(acquisition.shape))))
    body = ~regions.off_sample
    return np.asarray(ndimage.distance_transform_edt(~body) <= near_px) if body.any() else None


def cut_whole(
    acquisition: Acquisition, regions: Regions, outlines: Sequence[Outline], rng: np.random.Generator
) -> Mask | None:
    """All acquired pixels."""
    del regions, outlines, rng
    return np.ones_like(acquisition.acquisition_mask)


KINDS: dict[str, Cutter] = {
    "rectangle": cut_rectangle,
    "outline": cut_outline,
    "along_sample": cut_along_sample,
    "around_sample": cut_around_sample,
    "whole": cut_whole,
}
INSIDE_SHARES = {"rectangle": 0.5, "outline": 0.38, "along_sample": 0.12}
"""How often each kind is drawn for windows wholly inside the sample."""

BACKGROUND_SHARES = {"rectangle": 0.62, "outline": 0.18, "around_sample": 0.14, "whole": 0.06}
"""The same for windows with background."""


def cut_mask(
    acquisition: Acquisition, outlines: Sequence[Outline], rng: np.random.Generator, *, inside: bool
) -> tuple[str, Mask] | None:
    """The kind of a window and its acquired pixels, (H, W); None when no try is valid.

    Parameters
    ----------
    inside
        Whether it lies wholly inside the sample, or contains both sample and background.
    """
    regions = acquisition.effective_regions
    if regions is None or not can_cut(acquisition, inside=inside):
        return None
    shares = INSIDE_SHARES if inside else BACKGROUND_SHARES
    keep = _keep_inside if inside else _keep_both
    for kind in rng.choice(list(shares), size=_KINDS_TRIED, p=list(shares.values())).tolist():
        for _ in range(_TRIES):
            shape = KINDS[kind](acquisition, regions, outlines, rng)
            mask = None if shape is None else keep(shape, acquisition, regions)
            if mask is not None:
                return kind, mask
    return None


def can_cut(acquisition: Acquisition, *, inside: bool) -> bool:
    """Whether the known regions suffice for windows of this kind."""
    regions = acquisition.effective_regions
    if regions is None or regions.sample.sum() < SMALLEST_AREA_PX:
        return False
    return inside or (acquisition.off_sample_area == "present" and int(regions.off_sample.sum()) >= _LEAST_PX)


def _keep_inside(shape: Mask, acquisition: Acquisition, regions: Regions) -> Mask | None:
    """The sample pixels of a shape, when nearly all of it is sample."""
    acquired = shape & acquisition.acquisition_mask
    on_sample = acquired & regions.sample
    if on_sample.sum() < max(SMALLEST_AREA_PX, _INSIDE_SHARE * acquired.sum()):
        return None
    return on_sample


def _keep_both(shape: Mask, acquisition: Acquisition, regions: Regions) -> Mask | None:
    """The acquired pixels of a shape, when it has enough background and enough sample."""
    acquired = shape & acquisition.acquisition_mask
    pixels = int(acquired.sum())
    off, on = int((acquired & regions.off_sample).sum()), int((acquired & regions.sample).sum())
    enough = pixels >= SMALLEST_AREA_PX and off >= _LEAST_OFF_SAMPLE * pixels and on >= _LEAST_SAMPLE * pixels
    return acquired if enough and min(off, on) >= _LEAST_PX else None
