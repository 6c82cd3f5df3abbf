"""Whole semi-synthetic datasets at network-input size with their true masks, to compare predicted masks with."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.preprocessing import NetworkInputs, preprocess, read_acquired, resize_mask
from shared.progress import ProgressCallback, follow, ignore_progress
from training.synthetic.mixture import Mixture
from training.synthetic.sources import Sources
from training.synthetic.whole_dataset import draw_whole_dataset

FEWEST_IONS, MOST_IONS = 1, 150

Mask = npt.NDArray[np.bool_]
"""Called with the number of datasets drawn so far."""


@dataclass(frozen=True, eq=False)
class MaskedDataset:
    """The ion images of one dataset with its true sample mask."""

    inputs: NetworkInputs
    """(N, 56, 56, 2) float32."""

    sample_mask: Mask
    """(56, 56); used to evaluate, never to predict."""

    has_off_sample_area: bool
    group: tuple[str, str]
    """Sample mask and texture source: intervals are resampled over them."""

    @property
    def acquisition_mask(self) -> Mask:
        """(56, 56)."""
        return read_acquired(self.inputs)


def draw_masked_datasets(
    sources: Sources,
    mixture: Mixture,
    datasets: int,
    seed: int,
    on_progress: ProgressCallback = ignore_progress,
    *,
    most_ions: int = MOST_IONS,
) -> list[MaskedDataset]:
    """Datasets of 1 to `most_ions` ions, log-uniform; the off shares are as in practice."""
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in follow(range(datasets), "drawing datasets", datasets, on_progress):
        ions = round(float(np.exp(rng.uniform(np.log(FEWEST_IONS), np.log(most_ions)))))
        dataset = draw_whole_dataset(sources, mixture, ions, rng)
        sample_mask = resize_mask(dataset.scene.sample_mask) > 0.5
        inputs = preprocess(dataset.ion_images)
        drawn.append(MaskedDataset(inputs, sample_mask, dataset.has_off_sample_area, dataset.group))
    return drawn


def measure_overlap(mask: Mask, dataset: MaskedDataset) -> float:
    """Intersection over union with the true mask, over acquired pixels; 1 when both are empty."""
    sample, acquired = dataset.sample_mask, dataset.acquisition_mask
    union = int((acquired & (mask | sample)).sum())
    return int((acquired & mask & sample).sum()) / union if union else 1.0
