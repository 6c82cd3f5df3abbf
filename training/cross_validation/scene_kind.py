"""Kinds of scenes: what of a semi-synthetic acquisition makes its ion images easy or hard."""

import numpy as np

from training.synthetic.dataset import LEAST_OFF_SAMPLE_SHARE
from training.synthetic.scene import Scene

_LITTLE_OFF_SAMPLE_SHARE = 0.2
_BORDER_SHARE = 0.25
"""Share of the image's outermost pixels that are sample from which the sample counts as touching the border."""


def name_scene_kind(scene: Scene) -> str:
    """The first kind that fits, from the narrowest to the widest."""
    if scene.off_sample_share < LEAST_OFF_SAMPLE_SHARE:
        return "sample only"
    if scene.off_sample_share < _LITTLE_OFF_SAMPLE_SHARE:
        return "little off-sample area"
    if not scene.acquisition_mask.all():
        return "not rectangular"
    sample = scene.sample_mask
    border = np.concatenate([sample[0], sample[-1], sample[:, 0], sample[:, -1]])
    return "sample touches the border" if border.mean() >= _BORDER_SHARE else "sample inside the image"
