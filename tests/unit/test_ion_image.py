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
BAD_VALUES = [np.nan, SIGNALLING_NAN, np.inf, -np.inf, -1.0, -1e-30, 1e300]


@pytest.mark.parametrize("bad", BAD_VALUES, ids=repr)
def test_a_bad_value_is_an_error_where_it_was_acquired(bad: float) -> None:
    with pytest.raises(InvalidIonImageError, match=r"1 acquired pixels are (NaN or infinite|negative); right would be"):
        make_ion_image(np.array([[1.0, bad]]))


@pytest.mark.parametrize("bad", BAD_VALUES, ids=repr)
def test_a_bad_value_is_0_where_nothing_was_acquired(bad: float) -> None:
    ion_image = make_ion_image(np.array([[1.0, bad]]), [[1, 0]])
    np.testing.assert_array_equal(ion_image.intensities, [[1, 0]])


def test_without_a_mask_every_pixel_was_acquired() -> None:
    assert make_ion_image([[1, 2], [3, 4]]).acquisition_mask.all()


def test_any_non_zero_of_a_mask_means_acquired() -> None:
    ion_image = make_ion_image([[1, 2, 3]], [[0, 7, 65535]])
    np.testing.assert_array_equal(ion_image.acquisition_mask, [[False, True, True]])


@pytest.mark.parametrize("dtype", ["u1", ">u2", "i8", "f2", ">f4", "f8", "?"])
def test_real_numbers_of_every_type_are_taken(dtype: str) -> None:
    ion_image = make_ion_image(np.array([[0, 1]], dtype))
    assert ion_image.intensities.dtype == np.float32
    np.testing.assert_array_equal(ion_image.intensities, [[0, 1]])


@pytest.mark.parametrize(
    "pixels",
    [np.ones(3), np.ones((2, 2, 2)), np.ones((0, 3)), np.ones((3, 0)), np.ones((2, 2), complex), [["a", "b"]]],
    ids=["1-d", "3-d", "no rows", "no columns", "complex", "texts"],
)
def test_what_is_no_image_is_refused(pixels: npt.ArrayLike) -> None:
    with pytest.raises(InvalidIonImageError, match=r"ion image has (shape|dtype) .*; right would be"):
        make_ion_image(pixels)


def test_a_mask_of_another_shape_is_refused() -> None:
    with pytest.raises(InvalidIonImageError, match=r"acquisition mask has shape \(1, 3\) and ion image \(1, 2\)"):
        make_ion_image([[1, 2]], [[1, 1, 1]])


@given(
    arrays.arrays(st.one_of(arrays.floating_dtypes(), arrays.integer_dtypes()), arrays.array_shapes(max_dims=3)),
)
def test_any_array_is_a_finite_ion_image_or_a_clear_error(pixels: npt.NDArray[np.generic]) -> None:
    try:
        ion_image = make_ion_image(pixels)
    except InvalidIonImageError as error:
        assert "right would be" in str(error)  # noqa: PT017 - either outcome is right
        return
    assert np.isfinite(ion_image.intensities).all()
    assert (ion_image.intensities >= 0).all()
    assert ion_image.shape == pixels.shape
