"""What a recipe builds: the compiled network, and the images of an epoch."""

from collections.abc import Sequence
from typing import Protocol

import keras
import numpy as np
import numpy.typing as npt

from shared.errors import InvalidInputError
from shared.preprocessing import NetworkInputs
from training.fit.augmentation import augment
from training.fit.network import build_network
from training.fit.recipe import LABEL_ORDER, Recipe
from training.fit.settings import FitSettings


class LabelledInputs(Protocol):
    """Images that a network can be fitted on: semi-synthetic sets and labelled sets."""

    @property
    def inputs(self) -> NetworkInputs:
        """(N, 56, 56, C) float32."""
        ...

    @property
    def off(self) -> npt.NDArray[np.bool_]:
        """(N,), True = off-sample."""
        ...

    @property
    def groups(self) -> Sequence[tuple[str, ...]]:
        """N group keys: images of one group stay together."""
        ...


def build_member(recipe: Recipe, name: str) -> keras.Model:
    """A new network of this recipe, not compiled; initial weights follow Keras' global seed."""
    return build_network(
        channels=len(recipe.channels),
        l2=recipe.l2,
        initialiser=recipe.initialiser,
        normalisation_momentum=recipe.normalisation_momentum,
        name=name,
    )


def compile_network(settings: FitSettings, name: str) -> keras.Model:
    """A new network with the optimiser and loss of its recipe."""
    model = build_member(settings.recipe, name)
    model.compile(
        optimizer=_make_optimiser(settings),
        loss=keras.losses.BinaryCrossentropy(label_smoothing=settings.recipe.label_smoothing),
        metrics=["accuracy"],
        jit_compile=False,  # XLA is a third slower than TensorFlow's own kernels on two cores
    )
    return model


def _make_optimiser(settings: FitSettings) -> keras.optimizers.Optimizer:
    recipe = settings.recipe
    rate = recipe.learning_rate
    if recipe.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, settings.steps_per_epoch * recipe.epochs)
    if recipe.optimiser == "sgd":
        return keras.optimizers.SGD(rate, momentum=recipe.momentum, nesterov=False)
    return keras.optimizers.Adam(rate)


def draw_epoch(
    settings: FitSettings, training: LabelledInputs, rng: np.random.Generator
) -> tuple[NetworkInputs, npt.NDArray[np.float32]]:
    """Inputs (M, 56, 56, C) and targets (M, 2) of one epoch, in training order."""
    recipe = settings.recipe
    passes = [_draw_pass(settings, training, rng) for _ in range(recipe.passes_per_epoch)]
    order = np.concatenate(passes)
    inputs = augment(training.inputs[order], recipe.augmentations, rng)
    return take_channels(recipe, inputs), one_hot(training.off[order])


def _draw_pass(settings: FitSettings, training: LabelledInputs, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Every image once; with balanced groups, equally many images of every group on average."""
    if not settings.recipe.balanced_groups:
        return rng.permutation(settings.images)[: settings.images_per_pass]
    _, group_of, sizes = np.unique(
        ["\0".join(group) for group in training.groups], return_inverse=True, return_counts=True
    )
    likelihood = 1 / sizes[group_of]
    return rng.choice(settings.images, settings.images_per_pass, p=likelihood / likelihood.sum())


def take_channels(recipe: Recipe, inputs: NetworkInputs) -> NetworkInputs:
    """The channels of (N, 56, 56, C) inputs that the recipe's network uses.

    Raises
    ------
    InvalidInputError
        When the inputs lack a channel.
    """
    if inputs.shape[-1] < len(recipe.channels):
        raise InvalidInputError(
            f"expected network inputs with channels {', '.join(recipe.channels)}, got {inputs.shape[-1]} channels"
        )
    return inputs[..., : len(recipe.channels)]


def one_hot(off: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """(N, 2) targets in the order of `LABEL_ORDER`."""
    targets = np.zeros((len(off), len(LABEL_ORDER)), dtype=np.float32)
    targets[off, LABEL_ORDER.index("off")] = 1
    targets[~off, LABEL_ORDER.index("on")] = 1
    return targets
