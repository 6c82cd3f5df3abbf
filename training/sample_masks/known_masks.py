"""Whole semi-synthetic datasets at network-input size with their true masks: what predicted masks are compared with."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.preprocessing import NetworkInputs, preprocess, read_acquired, resize_mask
from training.synthetic.mixture import Mixture
from training.synthetic.sources import Sources
from training.synthetic.whole_dataset import draw_whole_dataset

FEWEST_IONS, MOST_IONS = 1, 150

Mask = npt.NDArray[np.bool_]
OnDataset = Callable[[int], None]
"""Called with the number of datasets drawn so far."""


@dataclass(frozen=True, eq=False)
class KnownMask:
    """The ion images of one dataset and the truth about its area."""

    inputs: NetworkInputs
    """(N, 56, 56, 2) float32."""

    sample_mask: Mask
    """(56, 56); judges and is never looked at to predict."""

    has_off_sample_area: bool
    group: tuple[str, str]
    """Sample mask and texture source: what intervals are drawn over."""

    @property
    def acquisition_mask(self) -> Mask:
        """(56, 56)."""
        return read_acquired(self.inputs)


def draw_known_masks(
    sources: Sources,
    mixture: Mixture,
    datasets: int,
    seed: int,
    on_dataset: OnDataset,
    *,
    most_ions: int = MOST_IONS,
) -> list[KnownMask]:
    """Datasets of 1 to `most_ions` ions, few as likely as many (log-uniform); the off shares are those of practice."""
    rng = np.random.default_rng(seed)
    drawn = []
    for number in range(1, datasets + 1):
        ions = round(float(np.exp(rng.uniform(np.log(FEWEST_IONS), np.log(most_ions)))))
        dataset = draw_whole_dataset(sources, mixture, ions, rng)
        sample_mask = resize_mask(dataset.scene.sample_mask) > 0.5
        inputs = preprocess(dataset.ion_images)
        drawn.append(KnownMask(inputs, sample_mask, dataset.has_off_sample_area, dataset.group))
        on_dataset(number)
    return drawn


def measure_overlap(mask: Mask, known: KnownMask) -> float:
    """Intersection over union with the true mask, over acquired pixels; 1 when both are empty."""
    sample, acquired = known.sample_mask, known.acquisition_mask
    union = int((acquired & (mask | sample)).sum())
    return int((acquired & mask & sample).sum()) / union if union else 1.0
