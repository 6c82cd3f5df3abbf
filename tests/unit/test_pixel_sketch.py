"""The pixel sketch of a stream agrees with a computation on all ion images in memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from model_store.context.pixel_sketch import PixelComponents, PixelSketch
from shared.errors import InvalidIonImageError

SIDE = 24


def draw_images(ions: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Ion images that mix four smooth fields, with noise, and a mask with a corner and some pixels missing."""
    rng = np.random.default_rng(seed)
    fields = np.stack([ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE)), 3) for _ in range(4)])
    mixed = np.tensordot(rng.gamma(1, 1, (ions, 4)), fields / fields.std(), axes=1)
    noisy = mixed + rng.standard_normal((ions, SIDE, SIDE)) * 0.7
    acquired = rng.random((SIDE, SIDE)) > 0.05
    acquired[:6, :6] = False
    images = np.clip((noisy - noisy.min()) / np.ptp(noisy), 0, 1) * acquired
    return images.astype(np.float32), acquired


def standardise(images: np.ndarray, acquired: np.ndarray) -> np.ndarray:
    """The (ions, pixels) matrix that the sketch stands for, all in memory."""
    rows = []
    weight = ndimage.gaussian_filter(acquired.astype(np.float64), 0.7, mode="constant")
    for image in images.astype(np.float64):
        centred = np.where(acquired, (image - image[acquired].mean()) / image[acquired].std(), 0)
        smooth = (ndimage.gaussian_filter(centred, 0.7, mode="constant") / np.maximum(weight, 1e-12))[acquired]
        rows.append(smooth - smooth.mean())
    return np.array(rows)


@pytest.mark.parametrize("ions", [1, 3, 100, 128, 129, 300])
def test_streamed_components_are_those_of_all_ions_in_memory(ions: int) -> None:
    images, acquired = draw_images(ions)
    sketch = PixelSketch(acquired)
    for image in images:
        sketch.add(image[np.newaxis])
    found = sketch.components(4)
    left, values, _ = np.linalg.svd(standardise(images, acquired).T, full_matrices=False)
    wanted = (left * values)[:, :4]
    signs = np.sign((found.scores * wanted).sum(axis=0))
    tolerance = 1e-3 if ions <= 128 else 0.02  # beyond 128 ions the least components are cut off along the way
    assert np.abs(found.scores * signs - wanted).max() < tolerance * np.abs(wanted).max()
    assert energy_of(found) == pytest.approx((values**2).sum(), rel=1e-3)
    assert found.shares == pytest.approx((values**2 / (values**2).sum())[:4], rel=1e-2)


def energy_of(components: PixelComponents) -> float:
    """Sum of squares of all spectra, from the components that are shown and their share of it."""
    return float(np.square(components.scores).sum() / components.shares.sum())


@settings(max_examples=6)
@given(cuts=st.lists(st.integers(0, 140), max_size=6))
def test_the_sketch_does_not_depend_on_batches(cuts: list[int]) -> None:
    images, acquired = draw_images(140)
    whole, pieces = PixelSketch(acquired), PixelSketch(acquired)
    whole.add(images)
    for batch in np.split(images, sorted(cuts)):
        pieces.add(batch)
    np.testing.assert_array_equal(whole.components(8).scores, pieces.components(8).scores)
    np.testing.assert_array_equal(whole.mean_image, pieces.mean_image)
    np.testing.assert_allclose(whole.mean_image, images.mean(axis=0), atol=1e-6)


def test_a_thousand_ions_take_no_more_memory_than_none() -> None:
    images, acquired = draw_images(20)
    sketch = PixelSketch(acquired)
    before = sum(held.nbytes for held in vars(sketch).values() if isinstance(held, np.ndarray))
    for _ in range(50):
        sketch.add(images)
    after = sum(held.nbytes for held in vars(sketch).values() if isinstance(held, np.ndarray))
    assert sketch.ions == 1000
    assert after == before


def test_noise_counts_less_than_structure_however_bright_it_is() -> None:
    images, acquired = draw_images(1)
    rng = np.random.default_rng(1)
    noise = rng.random((1, SIDE, SIDE), dtype=np.float32)
    energies = []
    for image in (ndimage.gaussian_filter(images, (0, 3, 3)) * 0.01, noise):
        sketch = PixelSketch(acquired)
        sketch.add(image.astype(np.float32))
        energies.append(energy_of(sketch.components(1)))
    assert energies[0] > 2 * energies[1]


def test_images_of_another_size_are_refused() -> None:
    sketch = PixelSketch(np.ones((4, 5), dtype=np.bool_))
    with pytest.raises(InvalidIonImageError, match="shape"):
        sketch.add(np.zeros((2, 5, 4), dtype=np.float32))
