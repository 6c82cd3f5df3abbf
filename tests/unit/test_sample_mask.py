"""The sample mask is found without a human, from few ions and from many, and says when there is nothing to find."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from model_store.context.pixel_sketch import PixelSketch
from model_store.context.sample_mask import find_sample_mask, read_sample_mask

SIDE = 56


def disc() -> np.ndarray:
    """A sample in the middle, a third of the image."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5
    return rows**2 + 1.4 * columns**2 < 18**2


def draw_images(sample: np.ndarray, ions: int, off_share: float, counts: float = 30, seed: int = 0) -> np.ndarray:
    """Ions with smooth structure on their side and a weak background on the other, Poisson noise, scaled to [0, 1]."""
    rng = np.random.default_rng(seed)
    images = []
    for ion in range(ions):
        side = ~sample if ion < round(off_share * ions) else sample
        structure = np.exp(0.6 * ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE)), 4) * 8)
        drawn = rng.poisson(counts * structure * np.where(side, 1, 0.1)).astype(np.float32)
        images.append(drawn / max(float(drawn.max()), 1))
    return np.stack(images)


def overlap(mask: np.ndarray, sample: np.ndarray) -> float:
    return float((mask & sample).sum() / (mask | sample).sum())


everything = np.ones((SIDE, SIDE), dtype=np.bool_)


@pytest.mark.parametrize(
    ("ions", "off_share"), [(5, 0.4), (30, 0), (30, 0.03), (30, 0.5), (30, 0.95), (30, 1), (300, 0.4)]
)
def test_the_sample_is_found_whatever_the_mixture(ions: int, off_share: float) -> None:
    found = find_sample_mask(draw_images(disc(), ions, off_share), everything)
    assert overlap(found.mask, disc()) > 0.9
    assert found.off_sample_area == "present"
    assert found.confidence > 0.5


@pytest.mark.parametrize("off_share", [0, 1])
def test_one_ion_image_with_enough_counts_is_enough(off_share: float) -> None:
    found = find_sample_mask(draw_images(disc(), 1, off_share, counts=200), everything)
    assert overlap(found.mask, disc()) > 0.8


def test_few_counts_are_enough_where_there_are_many_ions() -> None:
    found = find_sample_mask(draw_images(disc(), 200, 0.4, counts=0.05), everything)
    assert overlap(found.mask, disc()) > 0.8


def test_a_thousand_ions_streamed_one_by_one_give_the_mask_of_all_at_once() -> None:
    images = draw_images(disc(), 1000, 0.3, counts=1)
    sketch = PixelSketch(everything)
    for image in images:
        sketch.add(image[np.newaxis])
    streamed, direct = read_sample_mask(sketch), find_sample_mask(images, everything)
    np.testing.assert_array_equal(streamed.mask, direct.mask)
    np.testing.assert_array_equal(streamed.clusters, direct.clusters)
    assert (streamed.off_sample_area, streamed.confidence) == (direct.off_sample_area, direct.confidence)
    assert overlap(streamed.mask, disc()) > 0.9


def test_the_order_of_ions_hardly_matters() -> None:
    images = draw_images(disc(), 60, 0.4)
    first, turned = (find_sample_mask(one, everything).mask for one in (images, images[::-1]))
    assert overlap(first, turned) > 0.97


def test_the_same_ions_give_the_same_mask_every_time() -> None:
    images = draw_images(disc(), 12, 0.4)
    first, again = find_sample_mask(images, everything), find_sample_mask(images.copy(), everything.copy())
    np.testing.assert_array_equal(first.mask, again.mask)
    assert first.confidence == again.confidence


def test_an_acquisition_of_the_sample_alone_has_no_off_sample_area() -> None:
    sample = disc()
    images = draw_images(everything, 30, 0) * sample
    found = find_sample_mask(images.astype(np.float32), sample)
    assert found.off_sample_area == "absent"
    np.testing.assert_array_equal(found.mask, sample)


def test_at_native_size_the_mask_is_as_good_as_at_network_input_size() -> None:
    sample = np.kron(disc(), np.ones((3, 2), dtype=np.bool_))
    images = np.kron(draw_images(disc(), 20, 0.4), np.ones((1, 3, 2), dtype=np.float32))
    found = find_sample_mask(images, np.ones_like(sample))
    assert found.mask.shape == sample.shape
    assert overlap(found.mask, sample) > 0.9


@pytest.mark.parametrize("ions", [0, 1, 4])
def test_images_without_signal_give_no_off_sample_area(ions: int) -> None:
    acquired = disc()
    found = find_sample_mask(np.full((ions, SIDE, SIDE), 0.5, dtype=np.float32), acquired)
    assert (found.off_sample_area, found.confidence) == (None, 0.0)
    np.testing.assert_array_equal(found.mask, acquired)
    assert set(found.clusters[~acquired]) == {-1}


@settings(max_examples=60)
@given(
    images=arrays(
        np.float32,
        st.tuples(st.integers(0, 4), st.integers(1, 9), st.integers(1, 9)),
        elements=st.floats(0, 1, width=32),
    ),
    data=st.data(),
)
def test_any_images_and_any_acquisition_give_a_mask(images: np.ndarray, data: st.DataObject) -> None:
    acquired = data.draw(arrays(np.bool_, images.shape[1:]))
    found = find_sample_mask(images, acquired)
    assert found.mask.shape == acquired.shape
    assert not (found.mask & ~acquired).any()
    assert 0 <= found.confidence <= 1
    assert (found.mask == acquired).all() or found.off_sample_area == "present"
    assert ((found.clusters >= 0) == acquired).all()
