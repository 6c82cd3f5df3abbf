"""The scene: the sample mask and the acquisition mask, before any ion is drawn."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from training.synthetic.mixture import Mixture
from training.synthetic.random_field import Mask, draw_log_uniform
from training.synthetic.scenes.acquired_area import ACQUIRED_AREAS, lose_pixels
from training.synthetic.scenes.outlines import Outline
from training.synthetic.scenes.placement import PLACEMENTS

LEAST_OFF_SAMPLE_SHARE = 0.02
"""Share of off-sample pixels among the acquired ones below which every ion is on-sample."""

SMALLEST_SAMPLE_SHARE = 0.03
"""Share of the acquired pixels that must be sample; a scene with less is drawn again."""

_LONGEST_SIDE_PX = (32.0, 200.0)
_STRETCH = (0.8, 1.25)
_SHORTEST_SIDE_PX = 12


@dataclass(frozen=True, eq=False)
class Scene:
    """One acquisition of one sample."""

    outline_name: str
    sample_mask: Mask
    """(H, W), True = sample."""

    acquisition_mask: Mask
    """(H, W), True = measured."""

    placement: str
    acquisition: str

    @property
    def off_sample_share(self) -> float:
        """Share of the acquired pixels that is not sample."""
        return float(1 - self.sample_mask[self.acquisition_mask].mean())

    @property
    def kind(self) -> str:
        """The category by which results are broken down: the first that applies, most specific first."""
        if self.off_sample_share < LEAST_OFF_SAMPLE_SHARE:
            return "sample_only"
        return self.placement if self.acquisition == "rectangle" else "not_rectangular"


def draw_scene(outline: Outline, mixture: Mixture, rng: np.random.Generator) -> Scene:
    """Place and rescale a real outline, and choose which pixels are acquired."""
    while True:
        placement, acquisition = mixture.placements.draw(rng), mixture.acquisitions.draw(rng)
        sample_mask = _resample(PLACEMENTS[placement](outline.sample_mask, rng), rng)
        if not sample_mask.any():
            continue
        acquired = ACQUIRED_AREAS[acquisition](sample_mask, rng)
        acquisition_mask = lose_pixels(acquired, mixture.artefacts, rng)
        if acquisition_mask.any() and sample_mask[acquisition_mask].mean() >= SMALLEST_SAMPLE_SHARE:
            return Scene(outline.name, sample_mask, acquisition_mask, placement, acquisition)


def _resample(mask: Mask, rng: np.random.Generator) -> Mask:
    """Bring the longest side to that of real data, and change the aspect ratio a little."""
    zoom = draw_log_uniform(*_LONGEST_SIDE_PX, rng) / max(mask.shape)
    sides = [max(_SHORTEST_SIDE_PX, round(side * zoom * draw_log_uniform(*_STRETCH, rng))) for side in mask.shape]
    factors = [wanted / side for wanted, side in zip(sides, mask.shape, strict=True)]
    return np.asarray(ndimage.zoom(mask.astype(np.float32), factors, order=1, grid_mode=True, mode="nearest") > 0.5)
