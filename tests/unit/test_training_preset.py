"""The preset report-2018 is the recipe of the report and its notebook, number by number; the default is pinned too."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from shared.errors import InvalidInputError
from training.fit.epoch import compile_network, draw_epoch, one_hot
from training.fit.recipe import RECIPES, PresetName
from training.fit.settings import FitSettings, make_settings, settings_of
from training.synthetic.synthetic_set import SyntheticSet

REPORT = make_settings(PresetName.REPORT_2018, images=103)
"""103 images: 3 batches of 32, and 7 left over."""


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return compile_network(REPORT, "report")


def make_set(images: int) -> SyntheticSet:
    """Images that can be told apart under flips: pixel (0, 0) and its mirror images carry the number."""
    inputs = np.random.default_rng(0).random((images, 56, 56, 2), dtype=np.float32)
    for corner in ((0, 0), (0, 55), (55, 0), (55, 55)):
        inputs[:, *corner, 0] = np.arange(images) / images
    names = ("any",) * images
    return SyntheticSet(inputs, np.arange(images) % 3 == 0, (("mask", "texture"),) * images, names, names, names)


def test_the_optimiser_is_plain_sgd_with_momentum_and_a_constant_learning_rate(network: keras.Model) -> None:
    found = network.optimizer.get_config()
    assert type(network.optimizer).__name__ == "SGD"
    assert found["learning_rate"] == pytest.approx(0.01)  # a number, not a schedule
    assert found["momentum"] == pytest.approx(0.9)
    assert found["nesterov"] is False
    assert not found["weight_decay"]
    assert found["clipnorm"] is found["clipvalue"] is found["global_clipnorm"] is None
    assert not found["use_ema"]


def test_the_loss_is_binary_cross_entropy_on_two_one_hot_outputs(network: keras.Model) -> None:
    assert type(network.loss).__name__ == "BinaryCrossentropy"
    assert network.loss.get_config()["label_smoothing"] == 0
    assert network.output_shape == (None, 2)
    np.testing.assert_array_equal(one_hot(np.array([True, False])), [[0, 1], [1, 0]])


def test_l2_is_005_on_every_convolution_and_dense_kernel_and_on_nothing_else(network: keras.Model) -> None:
    kernels = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)]
    assert len(kernels) == 7
    assert [float(layer.kernel_regularizer.l2) for layer in kernels] == pytest.approx([0.05] * 7)
    assert all(layer.bias_regularizer is layer.activity_regularizer is None for layer in kernels)
    assert len(network.losses) == 7


def test_three_epochs_of_twice_the_full_batches_of_32(network: keras.Model) -> None:
    assert (REPORT.recipe.epochs, REPORT.recipe.batch, REPORT.steps_per_epoch) == (3, 32, 103 // 32 * 2)
    inputs, targets = draw_epoch(REPORT, make_set(103), np.random.default_rng(1))
    assert len(inputs) == len(targets) == 6 * 32
    network.fit(inputs, targets, batch_size=REPORT.recipe.batch, shuffle=False, verbose=0)
    assert int(network.optimizer.iterations) == 6


def test_each_image_is_seen_at_most_twice_an_epoch_with_its_own_label() -> None:
    training = make_set(103)
    inputs, targets = draw_epoch(REPORT, training, np.random.default_rng(1))
    numbers = np.rint(inputs[:, 0, 0, 0] * 103).astype(int)
    for half in (numbers[:96], numbers[96:]):
        assert len(set(half.tolist())) == 96
    np.testing.assert_array_equal(targets[:, 1] == 1, training.off[numbers])


def test_augmentation_is_horizontal_and_vertical_flips_and_nothing_else() -> None:
    training = make_set(103)
    inputs, _ = draw_epoch(REPORT, training, np.random.default_rng(1))
    seen = set()
    for image in inputs[..., 0]:
        original = training.inputs[round(float(image[0, 0]) * 103), :, :, 0]
        forms = {(rows, columns): original[::rows, ::columns] for rows in (1, -1) for columns in (1, -1)}
        equal = [form for form, pixels in forms.items() if np.array_equal(pixels, image)]
        assert len(equal) == 1
        seen.add(equal[0])
    assert len(seen) == 4


def test_the_report_uses_only_the_ion_image_and_keras_defaults_for_initialisation_and_averages(
    network: keras.Model,
) -> None:
    assert network.input_shape == (None, 56, 56, 1)
    normalisations = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert [layer.momentum for layer in normalisations] == [0.99] * 4
    kernels = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)]
    assert {type(layer.kernel_initializer).__name__ for layer in kernels} == {"GlorotUniform"}


def test_the_default_preset_is_adam_on_a_cosine_with_one_pass_an_epoch() -> None:
    settings = FitSettings(images=24_000)
    network = compile_network(settings, "default")
    schedule = network.optimizer._learning_rate
    assert settings == make_settings(PresetName.DEFAULT, images=24_000)
    assert settings.steps_per_epoch == 375
    assert type(network.optimizer).__name__ == "Adam"
    assert schedule.initial_learning_rate == settings.recipe.learning_rate
    assert schedule.decay_steps == 375 * settings.recipe.epochs
    assert network.input_shape == (None, 56, 56, 2)


def test_balanced_groups_are_drawn_equally_often_regardless_of_size() -> None:
    recipe = RECIPES[PresetName.DEFAULT].model_copy(update={"balanced_groups": True, "augmentations": ()})
    images = make_set(1_000)
    groups = (("large", "texture"),) * 900 + (("small", "texture"),) * 100
    training = replace(images, groups=groups)
    inputs, _ = draw_epoch(settings_of(PresetName.DEFAULT, recipe, images=1_000), training, np.random.default_rng(1))
    small = np.rint(inputs[:, 0, 0, 0] * 1_000) >= 900
    assert 0.4 < small.mean() < 0.6


def test_fewer_images_than_one_full_batch_of_the_report_are_rejected() -> None:
    with pytest.raises(InvalidInputError, match="full batch"):
        make_settings(PresetName.REPORT_2018, images=31)
