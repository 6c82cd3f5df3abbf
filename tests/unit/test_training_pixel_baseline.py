"""The parts of the baseline: comparable spectra, correlation with masks, thresholds."""

import numpy as np
import pytest

from shared.errors import InvalidInputError
from training.baseline.mask_correlation import LEVELS, UNDEFINED, choose_thresholds, correlate
from training.baseline.pixel_classifiers import CLASSIFIERS, fit_classifier
from training.baseline.pixel_spectra import CHANNELS, make_pixel_spectra

EVERYTHING = np.ones((56, 56), dtype=np.bool_)
INSIDE = np.zeros((56, 56), dtype=np.bool_)
INSIDE[14:42, 14:42] = True


def draw_inputs(ions: int, off_ions: int, seed: int = 0) -> np.ndarray:
    """The first `off_ions` around the square, the others in it; noise everywhere."""
    rng = np.random.default_rng(seed)
    inputs = np.ones((ions, 56, 56, 2), dtype=np.float32)
    inputs[..., 0] = rng.random((ions, 56, 56), dtype=np.float32) * 0.2
    for ion in range(ions):
        inputs[ion, ~INSIDE if ion < off_ions else INSIDE, 0] += 0.7
    return inputs


@pytest.mark.parametrize("ions", [1, 5, 32, 33, 200])
def test_spectra_have_the_same_channels_for_any_number_of_ions(ions: int) -> None:
    spectra = make_pixel_spectra(draw_inputs(ions, ions // 2), EVERYTHING)
    assert spectra.shape == (56 * 56, CHANNELS)
    assert np.isfinite(spectra).all()
    assert np.abs(spectra.mean(axis=0)).max() < 1e-3  # every ion is centred over the acquired pixels


def test_the_order_of_ions_does_not_change_the_spectra() -> None:
    inputs = draw_inputs(20, 8)
    shuffled = inputs[np.random.default_rng(1).permutation(20)]
    np.testing.assert_allclose(
        make_pixel_spectra(inputs, EVERYTHING), make_pixel_spectra(shuffled, EVERYTHING), atol=1e-6
    )


def test_the_first_channels_are_central_ions_and_the_last_are_peripheral_ones() -> None:
    spectra = make_pixel_spectra(draw_inputs(40, 20), EVERYTHING)
    inside = INSIDE[EVERYTHING]
    assert spectra[inside, 0].mean() > 1 > -0.2 > spectra[inside, -1].mean()


def test_constant_ions_leave_spectra_finite() -> None:
    assert (make_pixel_spectra(np.full((3, 56, 56, 2), 0.5, dtype=np.float32), EVERYTHING) == 0).all()


def test_correlation_is_that_of_the_thresholded_image_with_the_off_sample_area() -> None:
    inputs = draw_inputs(4, 2)
    found = correlate(inputs, EVERYTHING, INSIDE[EVERYTHING])
    for ion in range(4):
        for column, level in enumerate(LEVELS[1:], start=1):
            wanted = np.corrcoef(inputs[ion, ..., 0].ravel() > level, ~INSIDE.ravel())[0, 1]
            assert found[ion, column] == pytest.approx(wanted, abs=1e-6)
    assert (found[:, 0] == UNDEFINED).all()  # noise everywhere: the image is above 0 in every pixel


def test_pixels_that_were_not_acquired_are_ignored() -> None:
    acquired = EVERYTHING.copy()
    acquired[:8] = False
    inputs = draw_inputs(2, 1)
    changed = inputs.copy()
    changed[:, :8, :, 0] = 0.9
    found, other = (correlate(one, acquired, INSIDE[acquired]) for one in (inputs, changed))
    np.testing.assert_array_equal(found, other)


def test_a_mask_without_off_sample_area_predicts_nothing_off_sample() -> None:
    found = correlate(draw_inputs(3, 1), EVERYTHING, np.ones(56 * 56, dtype=np.bool_))
    assert (found == UNDEFINED).all()
    thresholds = choose_thresholds([correlate(draw_inputs(6, 3), EVERYTHING, INSIDE[EVERYTHING])], [np.arange(6) < 3])
    assert not (found[:, thresholds.level] >= thresholds.correlation).any()


def test_the_threshold_separates_the_classes_it_is_chosen_on() -> None:
    off = np.arange(10) < 4
    table = np.full((10, len(LEVELS)), 0.3)
    table[:, 2] = np.where(off, 0.2, 0.1)  # only the third level separates them
    thresholds = choose_thresholds([table[:5], table[5:]], [off[:5], off[5:]])
    assert thresholds.level == 2
    assert 0.1 < thresholds.correlation <= 0.2


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_classifier_learns_the_mask_of_other_datasets(name: str) -> None:
    spectra = [make_pixel_spectra(draw_inputs(12, off, seed=off), EVERYTHING) for off in (3, 6, 9)]
    sample = INSIDE[EVERYTHING]
    classifier = fit_classifier(name, spectra[:2], [sample, sample], seed=0)
    assert (classifier.predict(spectra[2]) == sample).mean() > 0.8


def test_masks_of_a_single_class_are_refused() -> None:
    spectra = [make_pixel_spectra(draw_inputs(3, 1), EVERYTHING)]
    with pytest.raises(InvalidInputError, match="class"):
        fit_classifier("naive Bayes", spectra, [np.ones(56 * 56, dtype=np.bool_)], seed=0)
