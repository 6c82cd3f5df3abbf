"""The scene: where sample is and what was measured, before any ion."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from training.synthetic.acquisition import draw_acquisition_mask
from training.synthetic.outlines import Outline
from training.synthetic.random_field import draw_log_uniform

Mask = npt.NDArray[np.bool_]

SMALLEST_SAMPLE_SHARE = 0.03
"""Share of the acquired pixels that must be sample; a scene with less is drawn again."""

_EVERYWHERE_SHARE = 0.05
"""Scenes that are sample from edge to edge."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One acquisition of one sample."""

    outline_name: str
    sample_mask: Mask
    """(H, W), True = sample."""

    acquisition_mask: Mask
    """(H, W), True = measured."""

    @property
    def off_sample_share(self) -> float:
        """Share of the acquired pixels that is not sample."""
        return float(1 - self.sample_mask[self.acquisition_mask].mean())


def draw_scene(outline: Outline, rng: np.random.Generator) -> Scene:
    """Turn, frame and rescale a real outline, and choose what of it is acquired."""
    while True:
        sample_mask = _resample(_frame(_turn(outline.sample_mask, rng), rng), rng)
        if rng.random() < _EVERYWHERE_SHARE:
            sample_mask = np.ones_like(sample_mask)
        acquisition_mask = draw_acquisition_mask(sample_mask, rng)
        if acquisition_mask.any() and sample_mask[acquisition_mask].mean() >= SMALLEST_SAMPLE_SHARE:
            return Scene(outline.name, sample_mask, acquisition_mask)


def _turn(mask: Mask, rng: np.random.Generator) -> Mask:
    """Flip, transpose and sometimes rotate by any angle."""
    turned = mask[:: rng.choice((1, -1)), :: rng.choice((1, -1))]
    if rng.random() < 0.5:
        turned = turned.T
    if rng.random() < 0.4:
        angle = rng.uniform(-45, 45)
        turned = ndimage.rotate(turned.astype(np.uint8), angle, order=0, reshape=True) > 0
    return turned


def _frame(mask: Mask, rng: np.random.Generator) -> Mask:
    """Put a window over it, smaller (the sample is cut) or larger (more slide around), wherever it falls."""
    zoom = draw_log_uniform(0.55, 1.5, rng) if rng.random() < 0.7 else 1.0
    sides = [max(8, int(side * zoom * draw_log_uniform(0.8, 1.25, rng))) for side in mask.shape]
    framed = np.zeros(sides, dtype=np.bool_)
    source, target = [], []
    for side, wanted in zip(mask.shape, sides, strict=True):
        start = int(rng.integers(min(0, side - wanted), max(0, side - wanted) + 1))
        source.append(slice(max(0, start), min(side, start + wanted)))
        target.append(slice(max(0, -start), max(0, -start) + source[-1].stop - source[-1].start))
    framed[tuple(target)] = mask[tuple(source)]
    return framed


def _resample(mask: Mask, rng: np.random.Generator) -> Mask:
    """Bring the longest side to 40 to 160 px, and change the aspect ratio a little."""
    zoom = draw_log_uniform(40, 160, rng) / max(mask.shape)
    sides = [max(12, round(side * zoom * draw_log_uniform(0.85, 1.18, rng))) for side in mask.shape]
    factors = [wanted / side for wanted, side in zip(sides, mask.shape, strict=True)]
    return np.asarray(ndimage.zoom(mask.astype(np.float32), factors, order=1, grid_mode=True, mode="nearest") > 0.5)
