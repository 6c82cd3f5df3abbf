"""Augmentation changes an image and not its label."""

from collections.abc import Iterator

import numpy as np

from training.augmentation import augment

INPUTS = np.random.default_rng(0).random((16, 56, 56), dtype=np.float32)


def test_it_keeps_values_between_0_and_1_and_leaves_its_input_alone() -> None:
    before = INPUTS.copy()
    augmented = augment(INPUTS, np.random.default_rng(1))
    np.testing.assert_array_equal(INPUTS, before)
    assert augmented.min() >= 0
    assert augmented.max() <= 1
    assert not np.array_equal(augmented, INPUTS)


def test_brighter_pixels_stay_brighter() -> None:
    """Gamma is monotonous, flips and transposition only move pixels: the ranks are a permutation of the old ones."""
    for image, augmented in zip(INPUTS, augment(INPUTS, np.random.default_rng(1)), strict=True):
        brightest = np.unravel_index(augmented.argmax(), augmented.shape)
        places = {tuple(place) for place in _images_of(np.unravel_index(image.argmax(), image.shape))}
        assert tuple(map(int, brightest)) in places


def test_border_pixels_stay_at_the_border() -> None:
    ring = np.ones((8, 56, 56), dtype=np.float32)
    ring[:, 5:-5, 5:-5] = 0
    np.testing.assert_array_equal(augment(ring, np.random.default_rng(2)), ring)


def _images_of(place: tuple[np.intp, ...]) -> Iterator[tuple[int, int]]:
    """Where the eight symmetries of a square put a pixel."""
    row, column = map(int, place)
    for first, second in ((row, column), (column, row)):
        for one in (first, 55 - first):
            for two in (second, 55 - second):
                yield one, two
