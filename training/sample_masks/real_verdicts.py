"""The off-sample-area verdict on real acquisitions for which the truth is known."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from model_store.context.sample_mask import OffSampleArea, find_sample_mask
from shared.preprocessing import preprocess, read_acquired
from training.real_sets import RealSet

SETS_WITHOUT_AREA = ("sample_only", "brain_interiors")
"""Sets without off-sample area in any acquisition."""

SET_WITH_AREA = "mouse_bladder"


@dataclass(frozen=True)
class RealVerdict:
    """The verdict on one acquisition, from the inputs that the service uses."""

    acquisition: str
    ions: int
    truth: OffSampleArea
    says: OffSampleArea | None
    confidence: float


def evaluate_real_verdicts(real_sets: list[RealSet]) -> Iterator[RealVerdict]:
    """One verdict per acquisition of `SETS_WITHOUT_AREA` and `SET_WITH_AREA`, from its network inputs."""
    for real_set in real_sets:
        inputs, names = preprocess(real_set.ion_images), np.asarray(real_set.dataset_of)
        for name in sorted(set(real_set.dataset_of)):
            own = inputs[names == name]
            found = find_sample_mask(own[..., 0], read_acquired(own))
            truth: OffSampleArea = "absent" if real_set.name in SETS_WITHOUT_AREA else "present"
            yield RealVerdict(name, len(own), truth, found.off_sample_area, found.confidence)
