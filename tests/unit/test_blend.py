"""The blend: features that compare an ion image with its context, and weights fitted on held-out images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import dice, jaccard

from model_store.context.blend import TERMS
from model_store.context.blend_features import FEATURES, has_context, measure_features
from shared.errors import InvalidInputError
from training.blend.stacking import stack

SAMPLE = np.zeros((56, 56), dtype=np.bool_)
SAMPLE[14:42, 10:50] = True
ACQUIRED = np.ones((56, 56), dtype=np.bool_)
ACQUIRED[:, :4] = False


def draw_inputs(off: np.ndarray, seed: int = 0) -> np.ndarray:
    """Noise, brighter around the sample for the off ones and on it for the others; (N, 56, 56, 4)."""
    rng = np.random.default_rng(seed)
    inputs = np.zeros((len(off), 56, 56, 4), dtype=np.float32)
    for row, is_off in enumerate(off):
        inputs[row, ..., 0] = np.clip(rng.random((56, 56)) * 0.5 + 0.4 * (is_off != SAMPLE), 0, 1) * ACQUIRED
    inputs[..., 1] = ACQUIRED
    inputs[..., 2] = inputs[..., 0].mean(axis=0)
    inputs[..., 3] = SAMPLE
    return inputs


def feature(found: np.ndarray, name: str) -> np.ndarray:
    return found[:, FEATURES.index(name)]


def test_features_match_their_definitions() -> None:
    inputs = draw_inputs(np.array([True, False, True]))
    found = measure_features(inputs)
    area = (~SAMPLE)[ACQUIRED]
    for row, image in enumerate(inputs):
        ion, mean = image[ACQUIRED][:, 0], image[ACQUIRED][:, 2]
        assert feature(found, "correlation")[row] == pytest.approx(np.corrcoef(ion, area)[0, 1], abs=1e-6)
        assert feature(found, "colocalisation")[row] == pytest.approx(np.corrcoef(ion, mean)[0, 1], abs=1e-6)
        assert feature(found, "dice_0.25")[row] == pytest.approx(1 - dice(ion > 0.25, area), abs=1e-6)
        assert feature(found, "jaccard_0.25")[row] == pytest.approx(1 - jaccard(ion > 0.25, area), abs=1e-6)
    assert feature(found, "off_on_ratio")[0] > 0.5 > -0.5 > feature(found, "off_on_ratio")[1]
    assert feature(found, "cosine")[0] > 0 > feature(found, "cosine")[1]


def test_pixels_that_were_not_acquired_are_ignored() -> None:
    inputs = draw_inputs(np.array([True, False]))
    changed = inputs.copy()
    changed[:, ~ACQUIRED, 0] = 0.9
    changed[:, ~ACQUIRED, 3] = 1
    np.testing.assert_allclose(measure_features(changed), measure_features(inputs))


def test_features_are_zero_without_context_and_only_colocalisation_remains_without_off_sample_area() -> None:
    inputs = draw_inputs(np.array([True, False]))
    inputs[0, ..., 2:] = 0
    inputs[1, ..., 3] = ACQUIRED
    assert has_context(inputs).tolist() == [False, True]
    found = measure_features(inputs)
    assert (found[0] == 0).all()
    assert [name for name, value in zip(FEATURES, found[1], strict=True) if value != 0] == ["colocalisation"]


@settings(max_examples=25)
@given(arrays(np.float32, (2, 56, 56, 4), elements=st.sampled_from([0.0, 0.3, 0.6, 1.0]), fill=st.just(0.0)))
def test_any_inputs_give_finite_features(inputs: np.ndarray) -> None:
    assert np.isfinite(measure_features(inputs)).all()


def make_probabilities(*networks: np.ndarray | float, images: int) -> np.ndarray:
    """(N, 2) probabilities of network and context network."""
    return np.column_stack([np.broadcast_to(one, images) for one in networks])


def test_a_blend_learns_which_member_to_trust() -> None:
    """Networks that guess, and a correct mask."""
    rng = np.random.default_rng(0)
    off, fold_of = rng.random(60) < 0.4, np.arange(60) % 3
    guesses = rng.uniform(0.4, 0.6, (60, 2))
    stacking = stack(off, guesses, draw_inputs(off), fold_of, "this test")
    assert [term.name for term in stacking.blend.terms] == list(TERMS)
    assert ((stacking.held_out >= 0.5) == off).all()
    assert stacking.blend.uncertain_band is not None
    low, high = stacking.blend.uncertain_band
    assert 0.49 <= low < 0.5 < high <= 0.51
    fresh = rng.random(20) < 0.4
    blended = stacking.blend.apply(make_probabilities(0.5, 0.5, images=20), draw_inputs(fresh, seed=1))
    assert ((blended >= 0.5) == fresh).all()
    assert type(stacking.blend).model_validate_json(stacking.blend.model_dump_json()) == stacking.blend


@pytest.mark.parametrize("good_network", [0, 1])
def test_a_blend_learns_which_network_to_trust(good_network: int) -> None:
    """The mask carries no information, because every image is the same."""
    rng = np.random.default_rng(0)
    off, fold_of = rng.random(90) < 0.5, np.arange(90) % 3
    probabilities = rng.random((90, 2))
    probabilities[:, good_network] = np.where(off, 0.8, 0.2)
    same = draw_inputs(np.zeros(1, dtype=np.bool_)).repeat(90, axis=0)
    assert ((stack(off, probabilities, same, fold_of, "this test").held_out >= 0.5) == off).all()


def test_there_is_no_uncertain_band_where_held_out_predictions_are_guesses() -> None:
    rng = np.random.default_rng(0)
    off, fold_of = rng.random(300) < 0.5, np.arange(300) % 3
    same = draw_inputs(np.zeros(1, dtype=np.bool_)).repeat(300, axis=0)
    assert stack(off, rng.random((300, 2)), same, fold_of, "this test").blend.uncertain_band is None


def test_images_without_context_are_not_fitted_on_and_keep_the_prediction_of_the_plain_network() -> None:
    off, fold_of = np.arange(40) % 3 == 0, np.arange(40) % 2
    inputs, probabilities = draw_inputs(off), make_probabilities(0.5, 0.5, images=40)
    blend = stack(off[:20], probabilities[:20], inputs[:20], fold_of[:20], "this test").blend
    inputs[20:, ..., 2:] = 0
    probabilities[20:, 0] = np.linspace(0, 1, 20)
    stacking = stack(off, probabilities, inputs, fold_of, "this test")
    assert stacking.blend == blend
    np.testing.assert_allclose(stacking.held_out[20:], probabilities[20:, 0])


def test_labels_of_a_fold_do_not_affect_its_own_predictions() -> None:
    off, fold_of = np.arange(30) % 2 == 0, np.arange(30) % 3
    inputs, probabilities = draw_inputs(off), np.random.default_rng(1).random((30, 2))
    inverted = np.where(fold_of == 1, ~off, off)
    first, second = (stack(labels, probabilities, inputs, fold_of, "this test").held_out for labels in (off, inverted))
    np.testing.assert_array_equal(first[fold_of == 1], second[fold_of == 1])
    assert (first[fold_of != 1] != second[fold_of != 1]).any()


def test_a_blend_cannot_be_fitted_on_images_of_one_class() -> None:
    off = np.ones(4, dtype=np.bool_)
    with pytest.raises(InvalidInputError, match="class"):
        stack(off, make_probabilities(0.5, 0.5, images=4), draw_inputs(off), np.arange(4) % 2, "this test")
