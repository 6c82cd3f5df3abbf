"""The bootstrap draws whole groups, and groups of several kinds independently."""

import numpy as np
import pytest

from shared.errors import InvalidInputError
from training.metrics.resampling import Resampling, percentile_interval


def test_images_of_one_group_are_drawn_together() -> None:
    """Ten groups with one image of value 1 each: a draw contains all or none of a group's images."""
    groups = [(f"mask {row // 50}", "the only texture") for row in range(500)]
    values = np.asarray([row % 50 == 0 for row in range(500)], dtype=np.float64)
    sums = Resampling(groups).sums(np.stack([values, np.ones(500)]))
    np.testing.assert_array_equal(sums[:, 0] * 50, sums[:, 1])
    assert (sums[:, 1] == 500).all()


def test_the_interval_is_wider_the_fewer_groups_there_are() -> None:
    values = np.random.default_rng(0).standard_normal(1_000)
    alone = Resampling([(str(row), "") for row in range(1_000)]).interval_of_mean(values)
    shared = np.repeat(values[:20], 50)
    together = Resampling([(str(row // 50), "") for row in range(1_000)]).interval_of_mean(shared)
    assert together[1] - together[0] > 3 * (alone[1] - alone[0])


def test_the_interval_of_the_mean_agrees_with_theory_for_independent_values() -> None:
    values = np.random.default_rng(1).standard_normal(2_000)
    low, high = Resampling([(str(row), "") for row in range(2_000)]).interval_of_mean(values)
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(2_000), rel=0.1)
    assert low < values.mean() < high


def test_an_interval_contains_95_percent() -> None:
    assert percentile_interval(np.arange(1_001, dtype=np.float64)) == pytest.approx((25, 975))


def test_crossed_masks_and_textures_are_drawn_independently() -> None:
    """Nine masks and four textures, all pairs: 36 values, but the mean varies like that of nine and of four."""
    rng = np.random.default_rng(2)
    of_mask, of_texture = rng.standard_normal(9), rng.standard_normal(4)
    pairs = [(f"mask {mask}", f"texture {texture}") for mask in range(9) for texture in range(4)]
    values = np.asarray([of_mask[mask] + of_texture[texture] for mask in range(9) for texture in range(4)])
    low, high = Resampling(pairs).interval_of_mean(values)
    expected = 2 * 1.96 * np.sqrt(of_mask.var() / 9 + of_texture.var() / 4)
    assert high - low == pytest.approx(expected, rel=0.1)


def test_the_interval_of_a_ratio_leaves_out_undefined_draws() -> None:
    """One of two groups has all the denominators, so a quarter of the draws has a denominator of 0."""
    resampling = Resampling([("a",), ("b",)])
    assert resampling.interval_of_ratio(np.asarray([1, 0]), np.asarray([2, 0])) == (0.5, 0.5)


def test_the_median_counts_images_as_often_as_they_were_drawn() -> None:
    values = np.arange(101, dtype=np.float64)
    low, high = Resampling([(str(row),) for row in range(101)]).interval_of(
        lambda drawn: float(np.median(drawn)), values
    )
    assert 30 < low < 50 < high < 70


def test_a_single_group_is_not_several_groups() -> None:
    assert not Resampling([("one", "one")] * 3).several_groups
    assert Resampling([("one", "one"), ("one", "other")]).several_groups


@pytest.mark.parametrize("groups", [[], [("a",), ("a", "b")], [()]])
def test_images_without_a_group_of_each_kind_are_rejected(groups: list[tuple[str, ...]]) -> None:
    with pytest.raises(InvalidInputError, match="group"):
        Resampling(groups)
