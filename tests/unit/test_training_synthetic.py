"""The label of a semi-synthetic image is that of its noise-free image."""

import numpy as np
import pytest

from training.synthetic.measurement import simulate_measurement
from training.synthetic.mixture import Artefacts
from training.synthetic.scenes.scene import Scene
from training.synthetic.synthetic_set import label_pattern

NO_ARTEFACTS = Artefacts(missing_pixels=0, missing_rows=0, scatter=0, stripes=0, threshold=0, hot_spots=0, eight_bit=0)


def make_scene(*, acquired_outside: bool) -> Scene:
    """A 20 x 20 px sample in a 40 x 40 px image."""
    sample = np.zeros((40, 40), dtype=np.bool_)
    sample[10:30, 10:30] = True
    acquired = np.ones_like(sample) if acquired_outside else sample.copy()
    return Scene("square", sample, acquired, "framed", "rectangle")


def two_levels(scene: Scene, inside: float, outside: float) -> np.ndarray:
    return np.where(scene.sample_mask, inside, outside).astype(np.float64)


@pytest.mark.parametrize(
    ("outside", "label"), [(0.0, "on"), (0.67, "on"), (0.68, None), (1.49, None), (1.5, "off"), (40.0, "off")]
)
def test_the_label_follows_the_ratio_of_outside_to_inside(outside: float, label: str | None) -> None:
    scene = make_scene(acquired_outside=True)
    assert label_pattern(two_levels(scene, 1.0, outside), scene) == label


def test_a_pattern_with_nothing_inside_is_off() -> None:
    scene = make_scene(acquired_outside=True)
    assert label_pattern(two_levels(scene, 0.0, 1.0), scene) == "off"


def test_the_label_follows_the_noise_free_image_where_the_measured_one_differs() -> None:
    """One hot spot outside inverts the measured ratio and does not change the label."""
    scene = make_scene(acquired_outside=True)
    pattern = two_levels(scene, 1.0, 0.1)
    rng = np.random.default_rng(0)
    measured = simulate_measurement(pattern, scene.acquisition_mask, "moderate", NO_ARTEFACTS, rng).intensities.copy()
    measured[0, 0] = 1e9
    assert measured[~scene.sample_mask].mean() > measured[scene.sample_mask].mean()
    assert label_pattern(pattern, scene) == "on"


def test_sample_only_acquisitions_are_never_off() -> None:
    scene = make_scene(acquired_outside=False)
    assert label_pattern(two_levels(scene, 0.01, 100.0), scene) == "on"


def test_nothing_is_off_with_less_than_two_percent_of_off_sample_area() -> None:
    sample = np.ones((100, 100), dtype=np.bool_)
    sample[0, :99] = False
    sample[1, :100] = False
    scene = Scene("nearly all", sample, np.ones_like(sample), "tight", "rectangle")
    pattern = two_levels(scene, 0.1, 10.0)
    assert label_pattern(pattern, scene) == "on"
    sample[2, :1] = False
    assert label_pattern(pattern, scene) == "off"


def test_pixels_that_were_not_acquired_do_not_affect_the_label() -> None:
    scene = make_scene(acquired_outside=True)
    scene.acquisition_mask[:5] = False
    pattern = two_levels(scene, 1.0, 0.1)
    pattern[:5] = 1e6
    assert label_pattern(pattern, scene) == "on"
