"""Semi-synthetic sets, drawn from the real outlines and textures: repeatable, varied, and their groups stay apart."""

from itertools import islice

import numpy as np
import pytest

from training.synthetic.dataset import draw_images, draw_set, label_pattern
from training.synthetic.mixture import load_training_mixture
from training.synthetic.scene import LEAST_OFF_SAMPLE_SHARE
from training.synthetic.sources import Sources, load_sources, split_sources

MIXTURE = load_training_mixture()


@pytest.fixture(scope="module")
def sources() -> Sources:
    return load_sources()


def test_the_same_seed_draws_the_same_set_and_another_seed_another(sources: Sources) -> None:
    first, again, other = (draw_set(sources, MIXTURE, 6, (seed,)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    np.testing.assert_array_equal(first.off, again.off)
    assert first.groups == again.groups
    assert not np.array_equal(first.inputs, other.inputs)


def test_network_inputs_are_finite_between_0_and_1_and_hold_both_labels(sources: Sources) -> None:
    drawn = draw_set(sources, MIXTURE, 40, (0,))
    assert drawn.inputs.shape == (40, 56, 56, 2)
    assert np.isfinite(drawn.inputs).all()
    assert drawn.inputs.min() >= 0
    assert drawn.inputs.max() <= 1
    assert 0 < drawn.off.sum() < 40


def test_images_vary_in_size_and_some_have_pixels_that_were_not_acquired(sources: Sources) -> None:
    images = [image.ion_image for image in islice(draw_images(sources, MIXTURE, np.random.default_rng(0)), 40)]
    assert len({image.shape for image in images}) > 20
    assert any(not image.acquisition_mask.all() for image in images)


def test_no_outline_and_no_texture_is_in_both_training_and_validation(sources: Sources) -> None:
    training, validation = split_sources(sources)
    for part in ("outlines", "texture_sources"):
        kept, held_out = getattr(training, part), getattr(validation, part)
        assert not {source.family for source in kept} & {source.family for source in held_out}
        assert not {source.name for source in kept} & {source.name for source in held_out}
        assert len(kept) + len(held_out) == len(getattr(sources, part))
        assert held_out


def test_no_group_straddles_training_and_validation(sources: Sources) -> None:
    training, validation = split_sources(sources)
    kept = draw_set(training, MIXTURE, 30, (0,)).groups
    held_out = draw_set(validation, MIXTURE, 30, (0,)).groups
    for position in (0, 1):
        assert not {group[position] for group in kept} & {group[position] for group in held_out}


def test_every_drawn_label_is_the_noise_free_images_and_not_the_measured_ones(sources: Sources) -> None:
    images = list(islice(draw_images(sources, MIXTURE, np.random.default_rng(0)), 150))
    measured = [label_pattern(image.ion_image.intensities.astype(np.float64), image.scene) for image in images]
    labels = [image.label for image in images]
    assert labels == [label_pattern(image.pattern, image.scene) for image in images]
    assert labels != measured


def test_no_drawn_image_without_off_sample_area_is_off(sources: Sources) -> None:
    images = islice(draw_images(sources, MIXTURE, np.random.default_rng(0)), 150)
    sample_only = [image.label for image in images if image.scene.off_sample_share < LEAST_OFF_SAMPLE_SHARE]
    assert len(sample_only) > 5
    assert set(sample_only) == {"on"}
