"""Foreign pixels become an ion image, or an error that says why not."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from shared.errors import InvalidIonImageError
from shared.ion_image import make_ion_image

SIGNALLING_NAN = np.array([0x7FF0000000000001], np.uint64).view(np.float64)[0]
NOT_FINITE = [np.nan, SIGNALLING_NAN, np.inf, -np.inf, 1e300, -1e300]
NEGATIVE = [-1.0, -1e-30, -1e30]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("bad", NOT_FINITE, ids=repr)
def test_a_pixel_that_is_not_finite_was_not_acquired(bad: float) -> None:
    ion_image = make_ion_image(np.array([[1.0, bad, 3.0]]))
    np.testing.assert_array_equal(ion_image.intensities, [[1, 0, 3]])
    np.testing.assert_array_equal(ion_image.acquisition_mask, [[True, False, True]])
    assert "1 acquired pixels are NaN" in (ion_image.note or "")


@pytest.mark.parametrize("bad", NEGATIVE, ids=repr)
def test_a_negative_pixel_is_0_and_acquired(bad: float) -> None:
    ion_image = make_ion_image(np.array([[1.0, bad, 3.0]]))
    np.testing.assert_array_equal(ion_image.intensities, [[1, 0, 3]])
    assert ion_image.acquisition_mask.all()
    assert "1 acquired pixels are negative" in (ion_image.note or "")


@pytest.mark.parametrize("dtype", ["i1", "<i4", ">i8", "f2", ">f4", "f8"])
def test_negative_pixels_of_every_type_are_0(dtype: str) -> None:
    ion_image = make_ion_image(np.array([[1, -1, 3]], dtype))
    np.testing.assert_array_equal(ion_image.intensities, [[1, 0, 3]])


@pytest.mark.parametrize("bad", [*NOT_FINITE, *NEGATIVE], ids=repr)
def test_a_bad_value_is_0_where_nothing_was_acquired(bad: float) -> None:
    ion_image = make_ion_image(np.array([[1.0, bad]]), [[1, 0]])
    np.testing.assert_array_equal(ion_image.intensities, [[1, 0]])
    assert ion_image.note is None


def test_valid_pixels_have_no_note() -> None:
    assert make_ion_image(np.array([[1.0, 0.0]])).note is None


def test_missing_and_negative_pixels_are_both_counted_in_the_note() -> None:
    pixels = RNG.exponential(size=(20, 20))
    pixels[0, :3], pixels[1, :2] = np.nan, -0.1
    ion_image = make_ion_image(pixels)
    assert ion_image.note is not None
    assert "3 acquired pixels are NaN" in ion_image.note
    assert "2 acquired pixels are negative" in ion_image.note
    assert np.count_nonzero(~ion_image.acquisition_mask) == 3


def test_an_image_without_a_finite_pixel_is_an_error() -> None:
    with pytest.raises(InvalidIonImageError, match="NaN"):
        make_ion_image(np.full((3, 4), np.nan))


def test_noise_around_a_subtracted_baseline_is_kept() -> None:
    """Half of the empty pixels are negative, a little."""
    pixels = RNG.normal(0, 0.1, size=(20, 20))
    pixels[5:10] += 10
    ion_image = make_ion_image(pixels)
    np.testing.assert_allclose(ion_image.intensities, np.maximum(pixels, 0).astype(np.float32))


def test_an_image_with_a_few_very_negative_pixels_is_kept() -> None:
    """Such as a mark of -9999 for no value."""
    pixels = RNG.exponential(size=(20, 20))
    pixels[0, :20] = -9999
    assert make_ion_image(pixels).intensities.max() == np.float32(pixels.max())


@pytest.mark.parametrize("name", ["standard scores", "logarithms", "turned upside down"])
def test_values_that_are_not_intensities_are_refused(name: str) -> None:
    counts = RNG.exponential(size=(20, 20))
    pixels = {
        "standard scores": (counts - counts.mean()) / counts.std(), "logarithms": np.log10(counts / 10),
        "turned upside down": -counts,
    }[name]  # fmt: skip
    with pytest.raises(InvalidIonImageError, match="negative"):
        make_ion_image(pixels)


def test_without_a_mask_every_pixel_was_acquired() -> None:
    assert make_ion_image([[1, 2], [3, 4]]).acquisition_mask.all()


def test_any_non_zero_of_a_mask_means_acquired() -> None:
    ion_image = make_ion_image([[1, 2, 3]], [[0, 7, 65535]])
    np.testing.assert_array_equal(ion_image.acquisition_mask, [[False, True, True]])


@pytest.mark.parametrize("dtype", ["u1", ">u2", "i8", "f2", ">f4", "f8", "?"])
def test_real_numbers_of_every_type_are_accepted(dtype: str) -> None:
    ion_image = make_ion_image(np.array([[0, 1]], dtype))
    assert ion_image.intensities.dtype == np.float32
    np.testing.assert_array_equal(ion_image.intensities, [[0, 1]])


@pytest.mark.parametrize(
    "pixels",
    [np.ones(3), np.ones((2, 2, 2)), np.ones((0, 3)), np.ones((3, 0)), np.ones((2, 2), complex), [["a", "b"]]],
    ids=["1-d", "3-d", "no rows", "no columns", "complex", "texts"],
)
def test_other_arrays_than_images_are_refused(pixels: npt.ArrayLike) -> None:
    with pytest.raises(InvalidIonImageError, match=r"expected an ion image of"):
        make_ion_image(pixels)


def test_a_mask_of_another_shape_is_refused() -> None:
    with pytest.raises(InvalidIonImageError, match=r"acquisition mask"):
        make_ion_image([[1, 2]], [[1, 1, 1]])


@given(
    arrays.arrays(st.one_of(arrays.floating_dtypes(), arrays.integer_dtypes()), arrays.array_shapes(max_dims=3)),
)
def test_any_array_is_a_finite_ion_image_or_a_clear_error(pixels: npt.NDArray[np.generic]) -> None:
    try:
        ion_image = make_ion_image(pixels)
    except InvalidIonImageError as error:
        assert "expected" in str(error)  # noqa: PT017 - either outcome is correct
        return
    assert np.isfinite(ion_image.intensities).all()
    assert (ion_image.intensities >= 0).all()
    assert not ion_image.intensities[~ion_image.acquisition_mask].any()
    assert ion_image.shape == pixels.shape
