"""Augmentation: what may change in an ion image without changing its label."""

import numpy as np

from shared.preprocessing import NetworkInputs

_GAMMA = (0.6, 1.6)
"""Exponents that intensities in [0, 1] are raised to: instruments and normalisations differ in contrast."""


def augment(inputs: NetworkInputs, rng: np.random.Generator) -> NetworkInputs:
    """Flip, transpose and re-contrast each of (N, 56, 56) images at random; returns a copy."""
    augmented = flip(inputs, rng)
    chosen = rng.random(len(inputs)) < 0.5
    augmented[chosen] = augmented[chosen].transpose(0, 2, 1)
    low, high = _GAMMA
    gammas = np.exp(rng.uniform(np.log(low), np.log(high), size=(len(inputs), 1, 1)))
    augmented **= gammas.astype(np.float32)
    return augmented


def flip(inputs: NetworkInputs, rng: np.random.Generator) -> NetworkInputs:
    """Flip each of (N, 56, 56) images vertically, horizontally, both or not at all; returns a copy."""
    flipped = inputs.copy()
    for axis in (1, 2):
        chosen = rng.random(len(inputs)) < 0.5
        flipped[chosen] = np.flip(flipped[chosen], axis)
    return flipped
