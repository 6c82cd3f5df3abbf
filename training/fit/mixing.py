"""Mixing: labelled images with semi-synthetic ones, so that few labels do not make networks forget the rest."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shared.preprocessing import NetworkInputs
from shared.progress import ProgressCallback, ignore_progress
from training.fit.epoch import LabelledInputs
from training.labelled.labelled_set import LabelledSet
from training.synthetic.mixture import load_training_mixture
from training.synthetic.sources import load_sources, split_sources
from training.synthetic.synthetic_set import SyntheticSet, draw_set

_MIX_STREAM = 6
_MOST_REPEATS = 10
"""How often an epoch shows a labelled image at most, each time augmented anew."""


@dataclass(frozen=True, eq=False)
class MixedInputs:
    """Labelled and semi-synthetic images to fit on; see `LabelledInputs`."""

    inputs: NetworkInputs
    off: npt.NDArray[np.bool_]
    groups: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Retraining:
    """What labelled images are fitted with, beside themselves: nothing by default."""

    starts: tuple[Path, ...] = ()
    """Keras files of the networks to start from; new networks without."""

    companions: SyntheticSet | None = None

    def add_companions(self, labelled: LabelledSet) -> LabelledInputs:
        """The images to fit on: the labelled ones, mixed with semi-synthetic ones where there are some."""
        return labelled if self.companions is None else mix(labelled, self.companions)


def draw_companions(
    images: int, mixture: str, seed: int, on_progress: ProgressCallback = ignore_progress
) -> SyntheticSet:
    """The semi-synthetic images that are mixed in, of the outlines and textures that fits may see."""
    training, _ = split_sources(load_sources())
    return draw_set(training, load_training_mixture(mixture), images, (seed, _MIX_STREAM), on_progress)


def mix(labelled: LabelledSet, companions: SyntheticSet) -> MixedInputs:
    """Both together; labelled images are repeated until they are half of all, ten times at most."""
    repeats = min(_MOST_REPEATS, max(1, round(len(companions.off) / len(labelled))))
    channels = labelled.inputs.shape[-1]
    return MixedInputs(
        np.concatenate([*[labelled.inputs] * repeats, companions.inputs[..., :channels]]),
        np.concatenate([*[labelled.off] * repeats, companions.off]),
        (*labelled.groups * repeats, *((f"synthetic {outline}",) for outline, _ in companions.groups)),
    )
