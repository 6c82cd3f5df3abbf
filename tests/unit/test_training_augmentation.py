"""Augmentation changes an image but keeps its label."""

from collections.abc import Iterator
from typing import get_args

import numpy as np
import pytest

from training.fit.augmentation import augment
from training.fit.recipe import RECIPES, Augmentation, PresetName

EVERYTHING: tuple[Augmentation, ...] = get_args(Augmentation)
DEFAULT = RECIPES[PresetName.DEFAULT].augmentations


def make_inputs(channels: int = 2) -> np.ndarray:
    """Noise, measured everywhere except in a corner."""
    inputs = np.random.default_rng(0).random((16, 56, 56, channels), dtype=np.float32)
    inputs[..., 1] = 1
    inputs[:, :10, :20] = 0
    return inputs


@pytest.mark.parametrize("name", EVERYTHING)
def test_each_augmentation_changes_a_copy_and_keeps_values_within_0_and_1(name: Augmentation) -> None:
    inputs = np.tile(make_inputs(4), (8, 1, 1, 1))
    augmented = augment(inputs, (name,), np.random.default_rng(4))
    np.testing.assert_array_equal(inputs, np.tile(make_inputs(4), (8, 1, 1, 1)))
    assert augmented.min() >= 0
    assert augmented.max() <= 1
    assert not np.array_equal(augmented, inputs)


def test_no_augmentation_changes_nothing() -> None:
    np.testing.assert_array_equal(augment(make_inputs(), (), np.random.default_rng(1)), make_inputs())


def test_brighter_pixels_stay_brighter() -> None:
    """Gamma is monotonic, and flips and transposition move the brightest pixel by a symmetry of the square."""
    inputs = make_inputs()
    for image, augmented in zip(inputs, augment(inputs, DEFAULT, np.random.default_rng(1)), strict=True):
        brightest = np.unravel_index(augmented[..., 0].argmax(), (56, 56))
        positions = {tuple(position) for position in _images_of(np.unravel_index(image[..., 0].argmax(), (56, 56)))}
        assert tuple(map(int, brightest)) in positions


@pytest.mark.parametrize("name", ["flips", "transposition", "crops"])
def test_image_and_mask_move_together(name: Augmentation) -> None:
    inputs = np.repeat(make_inputs()[..., 1:], 4, axis=-1)
    augmented = augment(inputs, (name,), np.random.default_rng(3))
    for channel in range(1, 4):
        np.testing.assert_array_equal(augmented[..., 0], augmented[..., channel])


@pytest.mark.parametrize("name", ["noise", "hot_spots", "gamma"])
def test_pixels_that_were_not_acquired_stay_0(name: Augmentation) -> None:
    augmented = augment(make_inputs(), (name,), np.random.default_rng(3))
    assert (augmented[:, :10, :20] == 0).all()


def test_a_lost_mask_marks_everything_as_acquired_and_keeps_the_image() -> None:
    inputs = np.repeat(make_inputs(), 20, axis=0)
    augmented = augment(inputs, ("lost_mask",), np.random.default_rng(3))
    np.testing.assert_array_equal(augmented[..., 0], inputs[..., 0])
    lost = (augmented[..., 1] == 1).all(axis=(1, 2))
    assert 0 < lost.mean() < 0.3
    np.testing.assert_array_equal(augmented[~lost], inputs[~lost])


def test_a_lost_context_is_empty_and_keeps_image_and_mask() -> None:
    inputs = np.repeat(make_inputs(4), 20, axis=0)
    augmented = augment(inputs, ("lost_context",), np.random.default_rng(3))
    np.testing.assert_array_equal(augmented[..., :2], inputs[..., :2])
    lost = (augmented[..., 2:] == 0).all(axis=(1, 2, 3))
    assert 0 < lost.mean() < 0.3
    np.testing.assert_array_equal(augmented[~lost], inputs[~lost])


def test_a_swapped_context_is_that_of_another_image_and_keeps_image_and_mask() -> None:
    inputs = np.repeat(make_inputs(4), 20, axis=0)
    inputs[..., 2:] *= np.linspace(0.1, 1, len(inputs), dtype=np.float32)[:, np.newaxis, np.newaxis, np.newaxis]
    augmented = augment(inputs, ("swapped_context",), np.random.default_rng(3))
    np.testing.assert_array_equal(augmented[..., :2], inputs[..., :2])
    swapped = np.flatnonzero((augmented != inputs).any(axis=(1, 2, 3)))
    assert 0 < len(swapped) < 0.15 * len(inputs)
    for row in swapped:
        assert any(np.array_equal(augmented[row, ..., 2:], other) for other in inputs[..., 2:])


def test_border_pixels_stay_at_the_border() -> None:
    ring = np.ones((8, 56, 56, 2), dtype=np.float32)
    ring[:, 5:-5, 5:-5, 0] = 0
    np.testing.assert_array_equal(augment(ring, DEFAULT, np.random.default_rng(2)), ring)


def _images_of(position: tuple[np.intp, ...]) -> Iterator[tuple[int, int]]:
    """Where the eight symmetries of a square put a pixel."""
    row, column = map(int, position)
    for first, second in ((row, column), (column, row)):
        for one in (first, 55 - first):
            for two in (second, 55 - second):
                yield one, two
