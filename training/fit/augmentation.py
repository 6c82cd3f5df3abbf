"""Augmentation: what may change in an ion image without changing its label."""

from collections.abc import Sequence

import numpy as np

from shared.preprocessing import ALL_CHANNELS, INPUT_SIDE_PX, NetworkInputs
from training.fit.recipe import Augmentation

_GAMMA = (0.6, 1.6)
"""Exponents that intensities in [0, 1] are raised to: instruments and normalisations differ in contrast."""

_NOISE = 0.05
"""Highest standard deviation of the noise that measured pixels get, of a full scale of 1."""

_HOT_SHARE = 0.002
_CROP_PX = 6
"""Most that a crop takes off all sides together; what is left is stretched again, by whole pixels."""

_LOST_CONTEXT_SHARE = 0.15
"""Images that are seen without the context of their dataset, as loose images are."""

_SWAPPED_CONTEXT_SHARE = 0.05
"""Images that are seen with the context of another: a wrong context must not outweigh what the image itself says."""

_LOST_MASK_SHARE = 0.1
"""Images whose acquisition mask a file format lost: everything then seems measured."""


def augment(inputs: NetworkInputs, augmentations: Sequence[Augmentation], rng: np.random.Generator) -> NetworkInputs:
    """Change each of (N, 56, 56, C) inputs at random, in the order of this module; returns a copy."""
    augmented = inputs.copy()
    if "crops" in augmentations:
        _crop(augmented, rng)
    if "flips" in augmentations:
        _flip(augmented, rng)
    if "transposition" in augmentations:
        chosen = rng.random(len(inputs)) < 0.5
        augmented[chosen] = augmented[chosen].transpose(0, 2, 1, 3)
    if "gamma" in augmentations:
        low, high = _GAMMA
        gammas = np.exp(rng.uniform(np.log(low), np.log(high), size=(len(inputs), 1, 1)))
        augmented[..., 0] **= gammas.astype(np.float32)
    if "noise" in augmentations:
        _add_noise(augmented, rng)
    if "hot_spots" in augmentations:
        hot = rng.random(augmented.shape[:3]) < _HOT_SHARE * rng.random((len(inputs), 1, 1))
        augmented[hot & (augmented[..., 1] > 0), 0] = 1
    if "lost_mask" in augmentations:
        augmented[rng.random(len(inputs)) < _LOST_MASK_SHARE, :, :, 1] = 1
    if "swapped_context" in augmentations:
        chosen = rng.random(len(inputs)) < _SWAPPED_CONTEXT_SHARE
        others = rng.integers(len(inputs), size=int(chosen.sum()))
        augmented[chosen, :, :, len(ALL_CHANNELS) :] = inputs[others][..., len(ALL_CHANNELS) :]
    if "lost_context" in augmentations:
        augmented[rng.random(len(inputs)) < _LOST_CONTEXT_SHARE, :, :, len(ALL_CHANNELS) :] = 0
    return augmented


def _flip(inputs: NetworkInputs, rng: np.random.Generator) -> None:
    """Vertically, horizontally, both or not at all."""
    for axis in (1, 2):
        chosen = rng.random(len(inputs)) < 0.5
        inputs[chosen] = np.flip(inputs[chosen], axis)


def _add_noise(inputs: NetworkInputs, rng: np.random.Generator) -> None:
    """Where something was measured, of another strength in every image."""
    strength = rng.uniform(0, _NOISE, (len(inputs), 1, 1)).astype(np.float32)
    noise = strength * rng.standard_normal(inputs.shape[:3], dtype=np.float32)
    inputs[..., 0] = np.clip(inputs[..., 0] + noise * (inputs[..., 1] > 0), 0, 1)


def _crop(inputs: NetworkInputs, rng: np.random.Generator) -> None:
    """A window of each image, stretched to the whole by repeating pixels."""
    rows, columns = (_draw_stretch(len(inputs), rng) for _ in range(2))
    for index in range(len(inputs)):
        inputs[index] = inputs[index][np.ix_(rows[index], columns[index])]


def _draw_stretch(images: int, rng: np.random.Generator) -> np.ndarray[tuple[int, int], np.dtype[np.intp]]:
    """(N, 56) indices that rise from somewhere near the first pixel to somewhere near the last."""
    first = rng.integers(0, _CROP_PX // 2 + 1, (images, 1))
    last = INPUT_SIDE_PX - 1 - rng.integers(0, _CROP_PX // 2 + 1, (images, 1))
    steps = np.linspace(0, 1, INPUT_SIDE_PX)[np.newaxis]
    return np.rint(first + steps * (last - first)).astype(np.intp)
