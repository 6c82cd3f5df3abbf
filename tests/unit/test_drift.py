"""Drift is found where datasets differ, said in plain words, and not found in chance."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from model_store.profile import DatasetProfile, make_profile
from worker.operators.drift import FEATURES, FEWEST_DATASETS, Against, Drift, DriftVerdict, find_drift


def draw_profiles(datasets: int, seed: int, zero_share: float = 0.4, off: float = 0.2) -> list[DatasetProfile]:
    """Datasets of 50 images that vary around the given shares."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(datasets):
        is_off = rng.random(50) < np.clip(rng.normal(off, 0.1), 0, 1)
        probabilities = np.where(is_off, rng.uniform(0.6, 1, 50), rng.uniform(0, 0.4, 50))
        zeros = np.clip(rng.normal(zero_share, 0.1, 50), 0, 1)
        profile = make_profile(probabilities.tolist(), rng.uniform(0, 0.1, 50).tolist(), zeros.tolist(), 0.5)
        assert profile is not None
        found.append(profile)
    return found


def compare(recent: list[DatasetProfile], others: list[DatasetProfile]) -> Drift:
    return find_drift("2026", recent, others, Against.RELEASE)


def moved(drift: Drift) -> set[str]:
    return {one.feature for one in drift.features if one.moved}


def test_datasets_of_the_same_kind_have_not_moved() -> None:
    """A false alarm in at most one of a hundred comparisons."""
    found = [compare(draw_profiles(40, seed), draw_profiles(20, 1000 + seed)) for seed in range(100)]
    assert sum(one.verdict is DriftVerdict.MOVED for one in found) <= 3
    assert found[0].sentence == "nothing moved between 40 datasets of release 2026 and the 20 in its reference"


def test_what_moved_is_named_with_its_direction_and_nothing_else() -> None:
    found = compare(draw_profiles(40, 1, zero_share=0.8), draw_profiles(20, 2))
    assert (found.verdict, moved(found)) == (DriftVerdict.MOVED, {"zero_share"})
    expected = "the share of pixels without signal rose from 0."
    assert found.sentence.startswith(f"between 40 datasets of release 2026 and the 20 in its reference, {expected}")
    fell = compare(draw_profiles(40, 1, off=0.02), draw_profiles(20, 2, off=0.6))
    assert "off_share" in moved(fell)
    assert "the share of off-sample images fell from 0." in fell.sentence


def test_the_p_value_is_that_of_scipy_times_the_number_of_features() -> None:
    recent, others = draw_profiles(15, 1), draw_profiles(25, 2)
    for one in compare(recent, others).features:
        expected = ks_2samp(*([FEATURES[one.feature](profile) for profile in some] for some in (recent, others)))
        assert one.distance == pytest.approx(expected.statistic)
        assert one.p_value == pytest.approx(min(1, expected.pvalue * 6))


@pytest.mark.parametrize(("recent", "others"), [(FEWEST_DATASETS - 1, 40), (40, FEWEST_DATASETS - 1), (0, 0)])
def test_few_datasets_say_nothing(recent: int, others: int) -> None:
    found = compare(draw_profiles(recent, 1, zero_share=0.9), draw_profiles(others, 2))
    assert (found.verdict, found.features) == (DriftVerdict.UNDECIDED, [])
    assert "expected at least 10 datasets" in found.sentence


def test_a_difference_in_shape_alone_is_found() -> None:
    """Half of the datasets have no zeros and half have nothing else; the median stays."""
    narrow = [profile.model_copy(update={"zero_share": 0.5}) for profile in draw_profiles(41, 1)]
    wide = [
        profile.model_copy(update={"zero_share": (0.0, 1.0)[number % 2] if number else 0.5})
        for number, profile in enumerate(draw_profiles(41, 2))
    ]
    found = compare(wide, narrow)
    assert moved(found) == {"zero_share"}
    assert "distributed differently, with the same median 0.5" in found.sentence
