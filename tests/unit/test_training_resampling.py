"""The bootstrap draws whole groups."""

import numpy as np
import pytest

from training.resampling import Resampling, interval_95


def test_images_of_one_group_are_drawn_together() -> None:
    """Ten groups of one value each: whatever is drawn, a group's images come all or not at all."""
    groups = [(f"mask {row // 50}", "texture") for row in range(500)]
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


def test_an_interval_holds_19_in_20() -> None:
    assert interval_95(np.arange(1_001, dtype=np.float64)) == pytest.approx((25, 975))
