"""The network is the one of the 2018 report, layer by layer."""

import keras
import numpy as np
import pytest

from training.fit.network import build_network

CONVOLUTION, NORMALISATION, RELU, POOLING = "Conv2D", "BatchNormalization", "ReLU", "MaxPooling2D"

LAYERS = [
    # type, output shape, parameters
    ("InputLayer", (56, 56, 1), 0),
    (CONVOLUTION, (56, 56, 16), 160),
    (NORMALISATION, (56, 56, 16), 64),
    (RELU, (56, 56, 16), 0),
    (CONVOLUTION, (56, 56, 16), 2_320),
    (NORMALISATION, (56, 56, 16), 64),
    (RELU, (56, 56, 16), 0),
    (POOLING, (18, 18, 16), 0),
    (CONVOLUTION, (18, 18, 32), 4_640),
    (NORMALISATION, (18, 18, 32), 128),
    (RELU, (18, 18, 32), 0),
    (CONVOLUTION, (18, 18, 32), 9_248),
    (NORMALISATION, (18, 18, 32), 128),
    (RELU, (18, 18, 32), 0),
    (POOLING, (6, 6, 32), 0),
    ("Flatten", (1152,), 0),
    ("Dense", (256,), 295_168),
    ("Dense", (256,), 65_792),
    ("Dense", (2,), 514),
]


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return build_network()


def test_every_layer_has_the_type_shape_and_parameters_of_the_report(network: keras.Model) -> None:
    found = [(type(layer).__name__, tuple(layer.output.shape[1:]), layer.count_params()) for layer in network.layers]
    assert found == LAYERS


def test_it_has_378226_parameters_of_which_378034_are_trained(network: keras.Model) -> None:
    trained = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert (network.count_params(), trained) == (378_226, 378_034)


def test_convolutions_are_3x3_same_and_poolings_3x3_valid(network: keras.Model) -> None:
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    poolings = [layer for layer in network.layers if isinstance(layer, keras.layers.MaxPooling2D)]
    assert {(layer.kernel_size, layer.strides, layer.padding) for layer in convolutions} == {((3, 3), (1, 1), "same")}
    assert {(layer.pool_size, layer.strides, layer.padding) for layer in poolings} == {((3, 3), (3, 3), "valid")}


def test_hidden_dense_layers_are_relu_and_the_last_is_softmax(network: keras.Model) -> None:
    activations = [layer.activation.__name__ for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    assert activations == ["relu", "relu", "softmax"]


def test_the_2018_penalty_is_on_every_convolution_and_dense_kernel_unless_another_is_given(
    network: keras.Model,
) -> None:
    def penalties(model: keras.Model) -> list[float | None]:
        kernels = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)]
        return [float(kernel.kernel_regularizer.l2) if kernel.kernel_regularizer else None for kernel in kernels]

    assert penalties(network) == pytest.approx([0.05] * 7)
    assert penalties(build_network(l2=0)) == [None] * 7


def test_outputs_are_two_probabilities(network: keras.Model) -> None:
    outputs = np.asarray(network(np.random.default_rng(0).random((3, 56, 56, 1), dtype=np.float32)))
    assert outputs.shape == (3, 2)
    np.testing.assert_allclose(outputs.sum(axis=1), 1, atol=1e-6)
