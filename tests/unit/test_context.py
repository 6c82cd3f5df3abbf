"""The context of a dataset: streamed, it is what a direct computation gives; absent, it is nothing at all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from model_store.context.dataset_context import add_context, find_context, read_context
from model_store.context.sample_mask import find_sample_mask
from shared.preprocessing import read_acquired

INSIDE = np.zeros((56, 56), dtype=np.bool_)
INSIDE[14:42, 16:44] = True


def draw_inputs(ions: int, seed: int = 0) -> np.ndarray:
    """Every third ion around a square sample, the others on it; a corner that was not measured."""
    rng = np.random.default_rng(seed)
    inputs = np.ones((ions, 56, 56, 2), dtype=np.float32)
    inputs[:, :6, :6, 1] = 0
    for ion in range(ions):
        structure = 1 + ndimage.gaussian_filter(rng.standard_normal((56, 56)), 3)
        drawn = rng.poisson(20 * np.clip(structure, 0.2, 2) * np.where((ion % 3 > 0) == INSIDE, 1, 0.1))
        inputs[ion, ..., 0] = drawn / max(drawn.max(), 1)
    inputs[..., 0] *= inputs[..., 1]
    return inputs


@given(ions=st.integers(1, 40), size=st.integers(1, 17))
@settings(max_examples=12)
def test_a_streamed_context_is_that_of_all_images_in_memory(ions: int, size: int) -> None:
    inputs = draw_inputs(ions)
    streamed = read_context(lambda: (inputs[start : start + size] for start in range(0, ions, size)))
    assert streamed is not None
    direct = find_sample_mask(inputs[..., 0], read_acquired(inputs))
    np.testing.assert_array_equal(streamed.sample_mask, direct.mask)
    assert streamed.off_sample_area == direct.off_sample_area
    np.testing.assert_allclose(streamed.mean_ion_image, inputs[..., 0].mean(axis=0), atol=1e-6)


def test_a_stream_of_more_ions_than_are_remembered_gives_the_same_context() -> None:
    inputs = draw_inputs(150)
    streamed = read_context(lambda: (inputs[start : start + 7] for start in range(0, 150, 7)))
    direct = find_context(inputs)
    assert streamed is not None
    assert direct is not None
    np.testing.assert_array_equal(streamed.sample_mask, direct.sample_mask)
    np.testing.assert_array_equal(streamed.mean_ion_image, direct.mean_ion_image)


def test_the_sample_is_found_and_what_was_not_measured_is_none_of_it() -> None:
    found = find_context(draw_inputs(30))
    assert found is not None
    assert found.off_sample_area == "present"
    assert (found.sample_mask & INSIDE).sum() / (found.sample_mask | INSIDE).sum() > 0.9
    assert not found.sample_mask[:6, :6].any()


def test_context_channels_follow_those_of_the_image() -> None:
    inputs = draw_inputs(9)
    context = find_context(inputs)
    assert context is not None
    seen = add_context(inputs, context)
    assert seen.shape == (9, 56, 56, 4)
    np.testing.assert_array_equal(seen[..., :2], inputs)
    for image in seen:
        np.testing.assert_array_equal(image[..., 2], context.mean_ion_image)
        np.testing.assert_array_equal(image[..., 3], context.sample_mask)


@pytest.mark.parametrize("ions", [0, 3])
def test_without_context_its_channels_are_empty(ions: int) -> None:
    seen = add_context(draw_inputs(ions), None)
    assert seen.shape == (ions, 56, 56, 4)
    assert not seen[..., 2:].any()


def test_a_dataset_without_images_has_no_context() -> None:
    assert find_context(draw_inputs(0)) is None
