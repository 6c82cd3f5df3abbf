"""Sets drawn dataset by dataset, each image with the context from all ions of its dataset."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from model_store.context.dataset_context import add_context, find_context
from shared.preprocessing import preprocess
from shared.progress import ProgressCallback, ignore_progress
from training.synthetic.mixture import Mixture
from training.synthetic.sources import Sources
from training.synthetic.synthetic_set import SyntheticSet, concatenate, draw_blocks, gather
from training.synthetic.whole_dataset import WholeDataset, draw_whole_dataset

FEWEST_IONS, MOST_IONS = 2, 80
"""Ions of a dataset, log-uniform: the network must learn how reliable the context of few ions is."""


def draw_context_set(
    sources: Sources,
    mixture: Mixture,
    images: int,
    seed: tuple[int, ...],
    on_progress: ProgressCallback = ignore_progress,
) -> SyntheticSet:
    """Labelled images with the context's channels, (N, 56, 56, 4); drawn in blocks as `draw_set` does.

    Ambiguous ions contribute to the context and are not in the set. The predicted mask is used, never the true one.
    """
    return draw_blocks(partial(_draw_block, sources, mixture, seed), images, on_progress)


def _draw_block(sources: Sources, mixture: Mixture, seed: tuple[int, ...], block: int, images: int) -> SyntheticSet:
    rng = np.random.default_rng((*seed, block))
    drawn: list[SyntheticSet] = []
    wanted = images
    for dataset in _draw_datasets(sources, mixture, rng):
        found = prepare_in_context(dataset, wanted)
        drawn.append(found)
        wanted -= len(found.off)
        if wanted == 0:
            return concatenate(drawn)
    raise AssertionError("unreachable: datasets are drawn without end")


def _draw_datasets(sources: Sources, mixture: Mixture, rng: np.random.Generator) -> Iterator[WholeDataset]:
    while True:
        ions = round(float(np.exp(rng.uniform(np.log(FEWEST_IONS), np.log(MOST_IONS)))))
        yield draw_whole_dataset(sources, mixture, ions, rng)


def prepare_in_context(dataset: WholeDataset, most: int) -> SyntheticSet:
    """The first `most` labelled images of a dataset, with the context of all its images."""
    inputs = preprocess(dataset.ion_images)
    context = find_context(inputs)
    labelled = [row for row, image in enumerate(dataset.images) if image.label is not None][:most]
    return gather([dataset.images[row] for row in labelled], add_context(inputs[labelled], context))
