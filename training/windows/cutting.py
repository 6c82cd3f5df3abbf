"""Cutting a window out of an acquisition: where it may lie, and what is then known of it."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import ndimage

from training.acquisitions.acquisition import Acquisition, Regions
from training.synthetic.random_field import Mask
from training.synthetic.scenes.outlines import Outline
from training.windows.shapes import SMALLEST_AREA_PX, draw_outline, draw_rectangle

_TRIES = 300
"""Of one kind, before another is drawn."""

_KINDS_TRIED = 4
_CLOSING_PX = 2
"""Half the width of gaps that are lines the instrument lost."""

_INSIDE_SHARE = 0.98
"""Of the acquired pixels of a shape that must lie on the sample; the rest is then taken off."""

_LEAST_OFF_SAMPLE, _LEAST_SAMPLE = 0.04, 0.08
"""Shares of a window's acquired pixels. Under the first it would be neither without area nor clearly with it."""

_LEAST_PX = 12
"""Pixels of either region without which the ratio of the two says nothing."""

Cutter = Callable[[Acquisition, Regions, Sequence[Outline], np.random.Generator], Mask | None]


def cut_rectangle(
    acquisition: Acquisition, regions: Regions, outlines: Sequence[Outline], rng: np.random.Generator
) -> Mask | None:
    """A rectangle."""
    del regions, outlines  # one form for all kinds
    return draw_rectangle(acquisition.shape, rng)


def cut_outline(
    acquisition: Acquisition, regions: Regions, outlines: Sequence[Outline], rng: np.random.Generator
) -> Mask | None:
    """The outline of some other sample."""
    del regions
    return draw_outline(acquisition.shape, outlines, rng)


def cut_along_sample(
    acquisition: Acquisition, regions: Regions, outlines: Sequence[Outline], rng: np.random.Generator
) -> Mask | None:
    """The sample's own outline, or a pixel or two inside it; lines that were not acquired are no outline."""
    del acquisition, outlines
    padded = np.pad(regions.sample, _CLOSING_PX + 1, mode="edge")
    body = ndimage.binary_closing(padded, iterations=_CLOSING_PX)
    inner = ndimage.distance_transform_edt(body) > rng.integers(3) if not body.all() else body
    cut = slice(_CLOSING_PX + 1, -_CLOSING_PX - 1)
    return np.asarray(inner[cut, cut])


def cut_around_sample(
    acquisition: Acquisition, regions: Regions, outlines: Sequence[Outline], rng: np.random.Generator
) -> Mask | None:
    """What hugs the sample: its outline with a narrow margin, as irregular acquisitions have it."""
    del outlines
    near_px = float(rng.uniform(1, max(3.0, 0.12 * max(acquisition.shape))))
    body = ~regions.off_sample
    return np.asarray(ndimage.distance_transform_edt(~body) <= near_px) if body.any() else None


def cut_whole(
    acquisition: Acquisition, regions: Regions, outlines: Sequence[Outline], rng: np.random.Generator
) -> Mask | None:
    """Everything that was acquired."""
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
"""How often each kind is drawn where a window shall lie wholly inside the sample."""

BACKGROUND_SHARES = {"rectangle": 0.62, "outline": 0.18, "around_sample": 0.14, "whole": 0.06}
"""The same where it shall hold background."""


def cut_mask(
    acquisition: Acquisition, outlines: Sequence[Outline], rng: np.random.Generator, *, inside: bool
) -> tuple[str, Mask] | None:
    """The kind of a window and its acquired pixels, (H, W); None when none of the tries suits.

    Parameters
    ----------
    inside
        Whether it shall lie wholly inside the sample, or hold both sample and background.
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
    """Whether windows of this sort are known to be what they shall be."""
    regions = acquisition.effective_regions
    if regions is None or regions.sample.sum() < SMALLEST_AREA_PX:
        return False
    return inside or (acquisition.off_sample_area == "present" and int(regions.off_sample.sum()) >= _LEAST_PX)


def _keep_inside(shape: Mask, acquisition: Acquisition, regions: Regions) -> Mask | None:
    """What of a shape is sample, when nearly all of it is."""
    acquired = shape & acquisition.acquisition_mask
    on_sample = acquired & regions.sample
    if on_sample.sum() < max(SMALLEST_AREA_PX, _INSIDE_SHARE * acquired.sum()):
        return None
    return on_sample


def _keep_both(shape: Mask, acquisition: Acquisition, regions: Regions) -> Mask | None:
    """What of a shape was acquired, when enough of it is background and enough is sample."""
    acquired = shape & acquisition.acquisition_mask
    pixels = int(acquired.sum())
    off, on = int((acquired & regions.off_sample).sum()), int((acquired & regions.sample).sum())
    enough = pixels >= SMALLEST_AREA_PX and off >= _LEAST_OFF_SAMPLE * pixels and on >= _LEAST_SAMPLE * pixels
    return acquired if enough and min(off, on) >= _LEAST_PX else None
