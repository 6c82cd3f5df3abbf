"""The verdict on real acquisitions of which it is known whether they have an off-sample area."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from model_store.context.sample_mask import OffSampleArea, find_sample_mask
from shared.preprocessing import preprocess, read_acquired
from training.real_sets import RealSet

NONE_IN = ("sample_only", "brain_interiors")
"""The sets whose acquisitions measured nothing but sample."""

SOME_IN = "mouse_bladder"


@dataclass(frozen=True)
class RealVerdict:
    """One acquisition, as the service sees it."""

    acquisition: str
    ions: int
    truth: OffSampleArea
    says: OffSampleArea | None
    confidence: float


def judge_acquisitions(real_sets: list[RealSet]) -> Iterator[RealVerdict]:
    """One verdict an acquisition of `NONE_IN` and `SOME_IN`, from its ion images at network-input size."""
    for real_set in real_sets:
        inputs, names = preprocess(real_set.ion_images), np.asarray(real_set.dataset_of)
        for name in sorted(set(real_set.dataset_of)):
            own = inputs[names == name]
            found = find_sample_mask(own[..., 0], read_acquired(own))
            truth: OffSampleArea = "absent" if real_set.name in NONE_IN else "present"
            yield RealVerdict(name, len(own), truth, found.off_sample_area, found.confidence)
