"""Contexts of images that are all in memory, dataset by dataset."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from model_store.context.dataset_context import add_context, find_context
from model_store.manifest import Manifest
from shared.preprocessing import NetworkInputs, preprocess
from training.fit.recipe import Recipe
from training.labelled.labelled_set import LabelledSet
from training.real_sets import RealSet


def add_contexts(inputs: NetworkInputs, datasets: Sequence[str]) -> NetworkInputs:
    """Add to every image the context computed from all images of its dataset; no label is used.

    Parameters
    ----------
    inputs
        (N, 56, 56, 2).
    datasets
        N names; an image with an empty name belongs to no dataset and has no context.

    Returns
    -------
    (N, 56, 56, 4).
    """
    found = add_context(inputs, None)
    names = np.asarray(datasets)
    for name in sorted(set(datasets) - {""}):
        rows = names == name
        found[rows] = add_context(inputs[rows], find_context(inputs[rows]))
    return found


def add_labelled_context(labelled_set: LabelledSet, recipe: Recipe) -> LabelledSet:
    """Add the channels that a recipe's networks need."""
    if not recipe.uses_context:
        return labelled_set
    return replace(labelled_set, inputs=add_contexts(labelled_set.inputs, labelled_set.datasets))


def with_context(real_set: RealSet, manifest: Manifest) -> NetworkInputs:
    """Network inputs of a real set, with context when the release uses it."""
    inputs = preprocess(real_set.ion_images)
    return add_contexts(inputs, real_set.dataset_of) if manifest.uses_context else inputs


def without_context(inputs: NetworkInputs, manifest: Manifest) -> NetworkInputs:
    """Network inputs of images that belong to no dataset, with empty context channels when the release uses context."""
    return add_context(inputs, None) if manifest.uses_context else inputs
