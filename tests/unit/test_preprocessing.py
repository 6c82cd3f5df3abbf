"""Preprocessing: what scikit-image does, and never NaN."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from skimage.transform import resize

from shared.ion_image import IonImage, make_ion_image
from shared.preprocessing import (
    CLIP_PERCENTILE,
    INPUT_SIDE_PX,
    describe_missing_signal,
    preprocess,
    resize_mask,
    resize_operator,
    scale_intensities,
)

SHAPES = [(56, 56), (1, 1), (1, 56), (56, 1), (1, 4000), (3000, 2), (55, 57), (57, 55), (112, 28), (10, 10)]
SIDES = st.integers(1, 300)
MOST = float(np.finfo(np.float32).max)
SMALLEST = float(np.finfo(np.float32).smallest_subnormal)


def make_scaled(shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Intensities whose 99th percentile is 1, so that only resizing changes them."""
    pixels = np.random.default_rng(sum(shape)).random(shape, dtype=np.float32)
    pixels.flat[0] = 1
    return pixels


def resize_by_scikit_image(scaled: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    target = (INPUT_SIDE_PX, INPUT_SIDE_PX)
    anti_aliasing = any(side > INPUT_SIDE_PX for side in scaled.shape)
    resized: npt.NDArray[np.float64] = resize(scaled.astype(np.float64), target, order=1, anti_aliasing=anti_aliasing)
    return resized


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape[0]}x{shape[1]}")
def test_the_resize_operator_equals_scikit_image(shape: tuple[int, int]) -> None:
    scaled = make_scaled(shape)
    resized = resize_operator(shape[0]) @ scaled @ resize_operator(shape[1]).T
    np.testing.assert_allclose(resized, resize_by_scikit_image(scaled), atol=1e-5)


@given(SIDES, SIDES)
def test_the_resize_operator_equals_scikit_image_for_any_shape(height: int, width: int) -> None:
    scaled = make_scaled((height, width))
    resized = resize_operator(height) @ scaled @ resize_operator(width).T
    np.testing.assert_allclose(resized, resize_by_scikit_image(scaled), atol=1e-5)


def test_preprocess_is_scaling_and_then_the_resize_of_scikit_image() -> None:
    rng = np.random.default_rng(3)
    ion_image = make_ion_image(rng.exponential(size=(134, 40)), rng.random((134, 40)) > 0.2)
    expected = resize_by_scikit_image(scale_intensities(ion_image))
    inputs = preprocess([ion_image])
    np.testing.assert_allclose(inputs[0, :, :, 0], expected, atol=1e-5)
    acquired = resize_by_scikit_image(ion_image.acquisition_mask.astype(np.float32))
    np.testing.assert_allclose(inputs[0, :, :, 1], acquired, atol=1e-5)


def test_an_image_of_56_by_56_px_is_only_scaled() -> None:
    ion_image = make_ion_image(make_scaled((56, 56)))
    np.testing.assert_allclose(preprocess([ion_image])[0, :, :, 0], scale_intensities(ion_image), atol=1e-6)


def test_images_of_several_shapes_may_be_in_one_batch() -> None:
    ion_images = [make_ion_image(make_scaled(shape)) for shape in ((30, 40), (60, 20), (30, 40))]
    together = preprocess(ion_images)
    assert together.shape == (3, 56, 56, 2)
    assert together.dtype == np.float32
    for one, row in zip(ion_images, together, strict=True):
        np.testing.assert_array_equal(preprocess([one])[0], row)


def test_no_images_give_no_inputs() -> None:
    assert preprocess([]).shape == (0, 56, 56, 2)


def test_only_the_requested_channels_are_made() -> None:
    ion_image = make_ion_image(make_scaled((30, 40)), np.arange(1200).reshape(30, 40) % 7 > 0)
    both = preprocess([ion_image])
    np.testing.assert_array_equal(preprocess([ion_image], ("ion_image",)), both[..., :1])
    np.testing.assert_array_equal(preprocess([ion_image], ("acquisition_mask",)), both[..., 1:])


def test_the_mask_of_a_complete_acquisition_is_1() -> None:
    assert (preprocess([make_ion_image(make_scaled((31, 77)))])[..., 1] == 1).all()


def test_hot_spots_are_clipped_at_the_percentile_of_acquired_pixels_with_signal() -> None:
    pixels = np.arange(1.0, 201.0).reshape(10, 20)
    mask = np.ones((10, 20), np.bool_)
    mask[9] = False  # 181 to 200 were not acquired
    pixels[0] = 0  # 1 to 20 have no signal
    ceiling = np.percentile(np.arange(21.0, 181.0), CLIP_PERCENTILE)

    scaled = scale_intensities(make_ion_image(pixels, mask))

    np.testing.assert_allclose(scaled[1:9], np.minimum(pixels[1:9], ceiling) / ceiling, rtol=1e-6)
    assert (scaled[8, -1], scaled[8, -2]) == (1, 1)
    assert scaled[8, -3] < 1


def test_one_hot_pixel_does_not_change_the_other_grey_levels() -> None:
    pixels = make_scaled((50, 50)) + 0.5
    spoiled = pixels.copy()
    spoiled[10, 10] = 1e6
    before, after = (scale_intensities(make_ion_image(one)) for one in (pixels, spoiled))
    np.testing.assert_allclose(np.delete(after, 510), np.delete(before, 510), atol=0.01)


def test_pixels_that_were_not_acquired_are_0_whatever_their_value() -> None:
    pixels = make_scaled((56, 56))
    mask = np.ones((56, 56), np.bool_)
    mask[20:30] = False
    pixels[20:30] = np.nan
    assert (preprocess([make_ion_image(pixels, mask)])[0, 20:30] == 0).all()


finite_images = arrays.arrays(
    np.float32,
    arrays.array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.one_of(
        st.floats(0, MOST, width=32),
        st.sampled_from([0.0, SMALLEST, 1e-40, 2.0**-126, 1.0, MOST]),
    ),
)


@given(finite_images)
@example(np.full((2, 2), MOST, np.float32))
@example(np.full((2, 2), SMALLEST, np.float32))
@example(np.array([[0, SMALLEST, MOST]], np.float32))
@example(np.array([[1e38, 3e38, 1e-45]], np.float32))
@example(np.zeros((1, 1), np.float32))
def test_any_finite_image_gives_inputs_from_0_to_1(pixels: npt.NDArray[np.float32]) -> None:
    inputs = preprocess([make_ion_image(pixels)])
    assert inputs.dtype == np.float32
    assert np.isfinite(inputs).all()
    assert ((inputs >= 0) & (inputs <= 1)).all()


@given(st.integers(0, 2**32 - 1), st.floats(1e-20, 1e20))
def test_a_constant_factor_changes_nothing(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.exponential(size=(17, 70)) * (rng.random((17, 70)) > 0.3)
    before, after = preprocess([make_ion_image(pixels), make_ion_image(pixels * factor)])
    np.testing.assert_allclose(after, before, atol=1e-5)


@pytest.mark.parametrize(
    ("pixels", "mask", "sentence"),
    [
        ([[1.0, 2.0]], [[0, 0]], "no pixel was acquired"),
        ([[0.0, 0.0]], None, "every acquired pixel is 0"),
        ([[3.0, 3.0, 9.0]], [[1, 1, 0]], "every acquired pixel has the same intensity (3)"),
    ],
)
def test_an_image_without_signal_says_why(
    pixels: list[list[float]], mask: list[list[int]] | None, sentence: str
) -> None:
    assert describe_missing_signal(make_ion_image(pixels, mask)) == sentence


def test_an_image_with_signal_has_no_missing_signal(random_ion_image: IonImage) -> None:
    assert describe_missing_signal(random_ion_image) is None


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mask_is_resized_like_its_ion_images(shape: tuple[int, int]) -> None:
    mask = np.random.default_rng(1).random(shape) > 0.4
    share = resize(mask.astype(np.float64), (56, 56), order=1, anti_aliasing=max(shape) > 56)
    if len({side > 56 for side in shape}) == 1:  # the reference smooths both axes or none
        np.testing.assert_allclose(resize_mask(mask), share, atol=1e-5)
    np.testing.assert_array_equal(resize_mask(np.ones(shape, dtype=np.bool_)), np.ones((56, 56), dtype=np.float32))


def test_the_percentile_is_exact_where_a_regular_sample_misleads() -> None:
    pixels = np.random.default_rng(5).random((100, 100), dtype=np.float32) + 1
    pixels.flat[::10] = 0.5
    pixels.flat[:300:10] = np.arange(100, 130)  # a sample of every tenth pixel sees all the largest, and nothing else
    for shown in (pixels, np.where(pixels > 2, 1.5, pixels), pixels * (np.arange(100) % 10 == 0)):
        ion_image = make_ion_image(shown)
        signal = ion_image.intensities[ion_image.intensities > 0]
        ceiling = np.percentile(signal, CLIP_PERCENTILE)
        expected = np.minimum(ion_image.intensities, ceiling) / ceiling
        np.testing.assert_allclose(scale_intensities(ion_image), expected, rtol=1e-6)
