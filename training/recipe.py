"""The recipe: what a preset means for the compiled network and for the images of an epoch."""

from typing import Protocol

import keras
import numpy as np
import numpy.typing as npt

from shared.preprocessing import NetworkInputs
from training.augmentation import augment, flip
from training.fit_settings import FitSettings
from training.network import LABEL_ORDER, build_network
from training.preset import MOMENTUM_2018, PASSES_PER_EPOCH_2018, PresetName


class LabelledInputs(Protocol):
    """What can be fitted on: semi-synthetic sets and labelled sets."""

    @property
    def inputs(self) -> NetworkInputs:
        """(N, 56, 56) float32."""
        ...

    @property
    def off(self) -> npt.NDArray[np.bool_]:
        """(N,), True = off-sample."""
        ...


def compile_network(settings: FitSettings, name: str) -> keras.Model:
    """A new network with the optimiser and loss of its preset; initial weights follow Keras' global seed."""
    model = build_network(l2=settings.l2, name=name)
    model.compile(
        optimizer=_make_optimiser(settings),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,  # XLA is a third slower than TensorFlow's own kernels on two cores
    )
    return model


def _make_optimiser(settings: FitSettings) -> keras.optimizers.Optimizer:
    if settings.preset is PresetName.REPORT_2018:
        return keras.optimizers.SGD(settings.learning_rate, momentum=MOMENTUM_2018, nesterov=False)
    steps = settings.steps_per_epoch * settings.epochs
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps))


def draw_epoch(
    settings: FitSettings, training: LabelledInputs, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Inputs (M, 56, 56, 1) and targets (M, 2) of one epoch, in the order in which they are to be seen."""
    if settings.preset is PresetName.REPORT_2018:
        full = settings.images // settings.batch * settings.batch
        passes = [rng.permutation(settings.images)[:full] for _ in range(PASSES_PER_EPOCH_2018)]
        order = np.concatenate(passes)
        inputs = flip(training.inputs[order], rng)
    else:
        order = rng.permutation(settings.images)
        inputs = augment(training.inputs[order], rng)
    return inputs[..., np.newaxis], one_hot(training.off[order])


def one_hot(off: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """(N, 2) targets in the order of `LABEL_ORDER`."""
    targets = np.zeros((len(off), len(LABEL_ORDER)), dtype=np.float32)
    targets[off, LABEL_ORDER.index("off")] = 1
    targets[~off, LABEL_ORDER.index("on")] = 1
    return targets
