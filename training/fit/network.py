"""The 2018 network: 378,226 parameters, of which 378,034 are trained."""

import keras
from keras import layers

from shared.preprocessing import INPUT_SIDE_PX
from training.fit.recipe import LABEL_ORDER

PRESET_2018_L2 = 0.05
"""L2 penalty on convolution and dense kernels in the notebook of the 2018 report."""

PARAMETERS_2018 = 378_226
"""Parameters of the network with one input channel."""

KERNELS_PER_CHANNEL = 144
"""Weights that each further channel adds: 16 kernels of 3 x 3."""

_FILTERS = (16, 32)
_KERNEL_PX = 3
_POOL_PX = 3
_DENSE_UNITS = (256, 256)


def build_network(
    *,
    channels: int = 1,
    l2: float = PRESET_2018_L2,
    initialiser: str = "glorot_uniform",
    normalisation_momentum: float = 0.99,
    name: str = "member",
) -> keras.Model:
    """Build the network of the 2018 report (Kovalev, section Implementation), freshly initialised and not compiled.

    Twice [3x3 convolution, batch normalisation, ReLU] x2 and 3x3 pooling (56 -> 18 -> 6 px), then 1152 features, two
    dense layers of 256 and a softmax of two. Initial weights follow Keras' global seed.

    Parameters
    ----------
    channels
        Input channels; 1 in the report, each further one adds 144 parameters.
    l2
        Penalty on convolution and dense kernels; 0 = none.
    initialiser
        Keras' name for the initialiser of all kernels; the report uses Keras' default.
    normalisation_momentum
        Momentum of batch normalisation's moving averages; the report uses Keras' default.
    """
    inputs = keras.Input((INPUT_SIDE_PX, INPUT_SIDE_PX, channels), name="ion_image")
    kernels = {"kernel_regularizer": _penalty(l2), "kernel_initializer": initialiser}
    features = inputs
    for filters in _FILTERS:
        for _ in range(2):
            features = layers.Conv2D(filters, _KERNEL_PX, padding="same", **kernels)(features)
            features = layers.BatchNormalization(momentum=normalisation_momentum)(features)
            features = layers.ReLU()(features)
        features = layers.MaxPooling2D(_POOL_PX)(features)
    features = layers.Flatten()(features)
    for units in _DENSE_UNITS:
        features = layers.Dense(units, activation="relu", **kernels)(features)
    outputs = layers.Dense(len(LABEL_ORDER), activation="softmax", **kernels)(features)
    return keras.Model(inputs, outputs, name=name)


def _penalty(l2: float) -> keras.Regularizer | None:
    return keras.regularizers.L2(l2) if l2 else None
