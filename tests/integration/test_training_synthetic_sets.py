"""Semi-synthetic sets, drawn from the real outlines and textures: repeatable, varied, with separate groups."""

import hashlib
from itertools import islice

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, label

from shared.preprocessing import preprocess
from training.realism.statistics import measure_dataset
from training.synthetic.mixture import CURRENT, load_training_mixture
from training.synthetic.scenes.acquired_area import ACQUIRED_AREAS
from training.synthetic.scenes.placement import PLACEMENTS
from training.synthetic.scenes.scene import LEAST_OFF_SAMPLE_SHARE
from training.synthetic.sources import Sources, load_sources, split_sources
from training.synthetic.synthetic_set import draw_any_images, draw_images, draw_set, label_pattern
from training.synthetic.whole_dataset import WholeDataset, draw_whole_dataset

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


def test_no_group_is_in_both_training_and_validation(sources: Sources) -> None:
    training, validation = split_sources(sources)
    kept = draw_set(training, MIXTURE, 30, (0,)).groups
    held_out = draw_set(validation, MIXTURE, 30, (0,)).groups
    for position in (0, 1):
        assert not {group[position] for group in kept} & {group[position] for group in held_out}


def test_every_drawn_label_follows_the_noise_free_and_not_the_measured_image(sources: Sources) -> None:
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


@pytest.mark.parametrize(("mixture", "begins"), [("training-1", "1bcaab20fee7"), ("training-2", "dfc8f7883d0d")])
def test_a_mixture_still_draws_the_same_images(sources: Sources, mixture: str, begins: str) -> None:
    """A recipe consists of a mixture and a seed and must stay repeatable."""
    assert draw_set(sources, load_training_mixture(mixture), 30, (11,)).digest().startswith(begins)


@pytest.mark.parametrize("pattern", ["bright_ring", "striped_film", "corner_polymer", "patterned_slide"])
def test_slide_patterns_are_off_where_slide_was_measured(sources: Sources, pattern: str) -> None:
    whole = load_training_mixture(CURRENT)
    only = {
        "patterns": whole.patterns.only(pattern),
        "placements": whole.placements.only("framed"),
        "acquisitions": whole.acquisitions.only("rectangle"),
    }
    drawn = islice(draw_any_images(sources, whole.model_copy(update=only), np.random.default_rng(1)), 30)
    labels = [image.label for image in drawn if image.scene.off_sample_share > 0.1]
    assert len(labels) > 20
    assert labels.count("off") >= 0.8 * len(labels)


def test_a_bright_ring_is_surrounded_by_darkness(sources: Sources) -> None:
    """Far corners are much darker than the ring around round samples."""
    whole = load_training_mixture(CURRENT)
    only = {
        "patterns": whole.patterns.only("bright_ring"),
        "placements": whole.placements.only("round"),
        "acquisitions": whole.acquisitions.only("rectangle"),
    }
    darker = 0
    for image in islice(draw_any_images(sources, whole.model_copy(update=only), np.random.default_rng(1)), 20):
        near = distance_transform_edt(~image.scene.sample_mask) / max(image.pattern.shape)
        outside = ~image.scene.sample_mask
        beyond = image.pattern[outside & (near >= np.quantile(near[outside], 0.9))].mean()
        darker += beyond < 0.5 * image.pattern[outside].max()
    assert darker >= 18


def test_small_sections_cover_little_of_the_slide(sources: Sources) -> None:
    rng = np.random.default_rng(2)
    shares = [PLACEMENTS["small_sections"](outline.sample_mask, rng).mean() for outline in sources.outlines[:30]]
    assert np.median(shares) < 0.3
    round_ones = [PLACEMENTS["round"](outline.sample_mask, rng) for outline in sources.outlines[:30]]
    assert {label(mask)[1] for mask in round_ones} >= {1, 2, 3}


@pytest.mark.parametrize(
    ("acquisition", "least", "most"), [("close_to_sample", 0.0, 0.45), ("inside_sample", 0.0, 0.0)]
)
def test_irregular_acquisitions_follow_the_sample_closely(
    sources: Sources, acquisition: str, least: float, most: float
) -> None:
    rng = np.random.default_rng(3)
    for outline in sources.outlines[:30]:
        mask = ACQUIRED_AREAS[acquisition](outline.sample_mask, rng)
        assert least <= (mask & ~outline.sample_mask).sum() / mask.sum() <= most


def draw_datasets(sources: Sources, mixture: str, count: int) -> list[WholeDataset]:
    rng = np.random.default_rng(5)
    return [draw_whole_dataset(sources, load_training_mixture(mixture), 8, rng) for _ in range(count)]


def digest(datasets: list[WholeDataset]) -> str:
    seen = hashlib.sha256()
    for dataset in datasets:
        for image in dataset.images:
            seen.update(np.rint(preprocess([image.ion_image]) * 255).astype(np.uint8).tobytes())
    return seen.hexdigest()


@pytest.mark.parametrize(("mixture", "begins"), [("training-1", "ed0ec987f006"), ("training-2", "7370b57463df")])
def test_a_mixture_still_draws_the_same_whole_datasets(sources: Sources, mixture: str, begins: str) -> None:
    assert digest(draw_datasets(sources, mixture, 3)).startswith(begins)


def test_ions_of_a_dataset_are_correlated_where_the_mixture_shares_an_anatomy(sources: Sources) -> None:
    """In the older mixture the ions of a dataset share only a scene."""
    measured = {
        mixture: [measure_dataset(one.name, one.ion_images) for one in draw_datasets(sources, mixture, 25)]
        for mixture in ("training-1", "training-2")
    }
    rank_1 = {mixture: np.median([one.rank_1 for one in found]) for mixture, found in measured.items()}
    assert rank_1["training-2"] > rank_1["training-1"] + 0.05


def test_ions_that_share_an_anatomy_are_labelled_by_their_noise_free_images(sources: Sources) -> None:
    datasets = draw_datasets(sources, "training-2", 25)
    images = [image for dataset in datasets for image in dataset.images]
    assert {"anatomical", "film"} <= {image.pattern_name for image in images}
    assert {"on", "off"} <= {image.label for image in images if image.pattern_name in ("anatomical", "film")}
    for dataset in datasets:
        assert all(image.label == label_pattern(image.pattern, dataset.scene) for image in dataset.images)
        if not dataset.has_off_sample_area:
            assert set(dataset.labels) == {"on"}
