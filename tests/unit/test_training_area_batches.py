"""Augmentation of area networks' batches: what belongs together stays together, and targets stay true."""

import numpy as np
import pytest

from model_store.area.borders import measure_depth
from training.area.batches import BatchSource, _augment, _Drawn
from training.area.example import AreaExample, from_window
from training.area.settings import AreaSettings
from training.windows.window import RealWindow

ION_OFF, ION_ON, ION_AMBIGUOUS = 1, 0, -1
DRAWS = 60


def make_planes(acquired_columns: int, sample_rows: int, known_columns: int = 56) -> np.ndarray:
    """(3, 56, 56): acquired and known from the left, sample from the top."""
    planes = np.zeros((3, 56, 56), dtype=np.uint8)
    planes[0, :, :acquired_columns] = 255
    planes[1, :sample_rows, : min(acquired_columns, known_columns)] = 255
    planes[2, :, : min(acquired_columns, known_columns)] = 255
    return planes


def make_example(
    planes: np.ndarray, label: int, *, has_area: bool, origin: str = "a", intensities: np.ndarray | None = None
) -> AreaExample:
    """Four ions with the same label, whose intensities are the sample mask unless given."""
    images = np.repeat((planes[1] if intensities is None else intensities)[np.newaxis], 4, axis=0)
    return AreaExample(origin, True, has_area, images, planes, np.full(4, label, dtype=np.int8))


def draw(example: AreaExample) -> list[_Drawn]:
    depth = measure_depth(example.planes[0].astype(np.float32) / 255)
    return [_augment(example, depth, 4, np.random.default_rng(seed)) for seed in range(DRAWS)]


def is_mask_lost(drawn: _Drawn) -> bool:
    return bool(drawn.planes[0].min() == 1)


def test_images_and_planes_are_turned_together() -> None:
    found = draw(make_example(make_planes(40, 20), ION_ON, has_area=True))
    for one in found:
        assert (one.images[:, one.planes[0] <= 0.5] == 0).all()
        np.testing.assert_array_equal(one.planes[3], measure_depth(one.planes[0]))
    turned = {tuple(map(tuple, np.argwhere(one.planes[1] > 0.5)[[0, -1]].tolist())) for one in found}
    assert len(turned) == 8
    unchanged = [one for one in found if np.array_equal(one.images[0] > 0.5, one.planes[1] > 0.5)]
    assert len(unchanged) > DRAWS / 4


def test_intensities_stay_in_the_range_of_network_inputs() -> None:
    ramp = np.tile(np.linspace(0, 255, 56, dtype=np.uint8), (56, 1))
    for one in draw(make_example(make_planes(56, 30), ION_ON, has_area=True, intensities=ramp)):
        assert (one.images.dtype, one.images.shape) == (np.float32, (4, 56, 56))
        assert 0 <= one.images.min() < one.images.max() <= 1


def test_a_dataset_whose_mask_is_lost_has_a_frame_of_off_sample_area() -> None:
    found = draw(make_example(make_planes(40, 56), ION_ON, has_area=False))
    assert 0 < sum(map(is_mask_lost, found)) < DRAWS / 2
    assert all(one.has_area is is_mask_lost(one) for one in found)


def test_a_dataset_that_fills_its_image_has_no_frame_to_lose() -> None:
    assert not any(one.has_area for one in draw(make_example(make_planes(56, 56), ION_ON, has_area=False)))


@pytest.mark.parametrize(
    ("has_area", "label", "of_noise"), [(True, ION_OFF, ION_AMBIGUOUS), (False, ION_AMBIGUOUS, ION_ON)]
)
def test_an_ion_of_nothing_but_noise_is_on_sample_only_without_off_sample_area(
    *, has_area: bool, label: int, of_noise: int
) -> None:
    found = draw(make_example(make_planes(56, 28), label, has_area=has_area))
    labels = np.concatenate([one.labels for one in found])
    assert set(labels.tolist()) == {label, of_noise}
    shuffled = [one for one in found if of_noise in one.labels]
    assert 0 < len(shuffled) < DRAWS / 2


def test_the_target_of_the_mask_is_the_sample_of_what_is_known_and_the_rest_does_not_count() -> None:
    pool = [make_example(make_planes(56, 28, known_columns=42), ION_ON, has_area=True)]
    settings = AreaSettings(ions=8, datasets=4, window_share=1)
    found = BatchSource(pool, ["a"], settings).draw(np.random.default_rng(0))
    drawn = len(set(found.inputs["dataset"].tolist()) - {3})
    for target, weight in zip(found.targets["sample_mask"][:drawn], found.weights["sample_mask"][:drawn], strict=True):
        assert (weight > 0).mean() == pytest.approx(42 / 56)
        assert set(np.unique(target).tolist()) == {0, 1}
        assert target[..., 0][weight > 0].mean() == pytest.approx(0.5)
    assert (found.weights["sample_mask"][drawn:] == 0).all()


def test_off_sample_ions_weigh_more_than_on_sample_ones() -> None:
    planes = make_planes(56, 28)
    pool = [make_example(planes, label, has_area=True) for label in (ION_OFF, ION_ON)]
    found = BatchSource(pool, ["a", "a"], AreaSettings(ions=64, datasets=24, window_share=1)).draw(
        np.random.default_rng(1)
    )
    weights, off = found.weights["off"], found.targets["off"][:, 0] == 1
    assert weights[off].max() == pytest.approx(1.5 * weights[~off].max())


def test_every_series_is_drawn_equally_often_whatever_its_size() -> None:
    bright, dark = np.full((56, 56), 255, dtype=np.uint8), np.zeros((56, 56), dtype=np.uint8)
    planes = make_planes(56, 28)
    pool = [make_example(planes, ION_ON, has_area=True, intensities=bright) for _ in range(9)]
    pool.append(make_example(planes, ION_ON, has_area=True, intensities=dark))
    source = BatchSource(pool, ["large"] * 9 + ["single"], AreaSettings(ions=96, datasets=48, window_share=1))
    rng = np.random.default_rng(2)
    seen = [float(one.inputs["pixels"][0, ..., 0].max()) for one in (source.draw(rng) for _ in range(60))]
    assert 0.3 < np.mean([intensity > 0.5 for intensity in seen]) < 0.7


def test_an_example_of_a_window_has_its_masks_and_labels() -> None:
    acquired = np.zeros((56, 56), dtype=np.bool_)
    acquired[:, :48] = True
    sample, off_sample = np.zeros_like(acquired), np.zeros_like(acquired)
    sample[:20, :40], off_sample[30:, :40] = True, True
    images = np.random.default_rng(0).random((3, 56, 56), dtype=np.float32) * acquired
    window = RealWindow("a", "s", "disc", 1, images, acquired, sample, off_sample, (0, 1, 2), ("on", "off", None))
    found = from_window(window)
    assert (found.origin, found.real, found.has_area) == ("a", True, True)
    assert found.labels.tolist() == [ION_ON, ION_OFF, ION_AMBIGUOUS]
    for plane, mask in zip(found.planes, (acquired, sample, sample | off_sample), strict=True):
        np.testing.assert_array_equal(plane > 127, mask)
