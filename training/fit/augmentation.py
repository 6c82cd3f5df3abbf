"""Augmentation: changes to an ion image that keep its label."""

from collections.abc import Sequence

import numpy as np

from shared.preprocessing import ALL_CHANNELS, INPUT_SIDE_PX, NetworkInputs
from training.fit.recipe import Augmentation

_GAMMA = (0.6, 1.6)
"""Range of exponents for intensities in [0, 1]: instruments and normalisations differ in contrast."""

_NOISE = 0.05
"""Highest standard deviation of the noise added to measured pixels, at a full scale of 1."""

_HOT_SHARE = 0.002
_CROP_PX = 6
"""Most pixels that a crop removes along an axis; the rest is stretched to full size by repeating pixels."""

_LOST_CONTEXT_SHARE = 0.15
"""Share of images without the context of their dataset, as loose images have none."""

_SWAPPED_CONTEXT_SHARE = 0.05
"""Share of images with the context of another image: a wrong context must not outweigh the image."""

_LOST_MASK_SHARE = 0.1
"""Share of images whose acquisition mask says that every pixel was measured, as when a file format loses it."""


def augment(inputs: NetworkInputs, augmentations: Sequence[Augmentation], rng: np.random.Generator) -> NetworkInputs:
    """Change each of (N, 56, 56, C) inputs at random; returns a copy."""
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
    """Flip vertically, horizontally, both or not at all."""
    for axis in (1, 2):
        chosen = rng.random(len(inputs)) < 0.5
        inputs[chosen] = np.flip(inputs[chosen], axis)


def _add_noise(inputs: NetworkInputs, rng: np.random.Generator) -> None:
    """Add noise to measured pixels, of a different strength in every image."""
    strength = rng.uniform(0, _NOISE, (len(inputs), 1, 1)).astype(np.float32)
    noise = strength * rng.standard_normal(inputs.shape[:3], dtype=np.float32)
    inputs[..., 0] = np.clip(inputs[..., 0] + noise * (inputs[..., 1] > 0), 0, 1)


def _crop(inputs: NetworkInputs, rng: np.random.Generator) -> None:
    """Crop each image and stretch it to full size by repeating pixels."""
    rows, columns = (_draw_stretch(len(inputs), rng) for _ in range(2))
    for index in range(len(inputs)):
        inputs[index] = inputs[index][np.ix_(rows[index], columns[index])]


def _draw_stretch(images: int, rng: np.random.Generator) -> np.ndarray[tuple[int, int], np.dtype[np.intp]]:
    """(N, 56) increasing indices from near the first pixel to near the last."""
    first = rng.integers(0, _CROP_PX // 2 + 1, (images, 1))
    last = INPUT_SIDE_PX - 1 - rng.integers(0, _CROP_PX // 2 + 1, (images, 1))
    steps = np.linspace(0, 1, INPUT_SIDE_PX)[np.newaxis]
    return np.rint(first + steps * (last - first)).astype(np.intp)
