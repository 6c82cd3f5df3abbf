"""From area networks' outputs to verdict and probabilities, and the manifest that says how."""

import numpy as np
import pytest
from pydantic import ValidationError

from model_store.area.borders import FULL, measure_depth
from model_store.area.dataset_prediction import combine
from model_store.area.decision import AreaDecision
from model_store.area.reading import AreaReading, DatasetArea


def make_decision(**changes: float) -> AreaDecision:
    values = {"slope": 1.0, "context_slope": 0.0, "intercept": 0.0, "temperature": 1.0}
    values |= {"absent_up_to": 0.3, "present_from": 0.7, **changes}
    return AreaDecision(**values, calibration="not calibrated")  # type: ignore[arg-type]


def make_reading(area: list[float], off: list[list[float]], context: tuple[float, ...] = (0.0,)) -> AreaReading:
    arrays = (np.asarray(values, dtype=np.float32) for values in (area, context, off))
    mask = np.ones((28, 28), dtype=np.float32)
    return AreaReading(len(off), *arrays, sample_mask=mask, context=DatasetArea(mask, []))


@pytest.mark.parametrize(
    ("probability", "verdict"),
    [(0.0, "absent"), (0.3, "absent"), (0.31, "unclear"), (0.69, "unclear"), (0.7, "present"), (1.0, "present")],
)
def test_both_bounds_belong_to_the_certain_verdicts(probability: float, verdict: str) -> None:
    assert make_decision().judge(probability) == verdict


def test_the_probability_is_that_of_the_scaled_mean_of_the_networks() -> None:
    found = make_decision(slope=2.0, intercept=-1.0).find_probability(make_reading([1, 2], [[0, 0]]))
    assert found == pytest.approx(1 / (1 + np.exp(-2.0)))


@pytest.mark.parametrize(("ions", "evidence"), [(1, 0.0), (30, np.log(30) / np.log(60)), (60, 1.0), (500, 1.0)])
def test_the_context_counts_the_more_the_more_ions_were_read(ions: int, evidence: float) -> None:
    reading = make_reading([1], [[0]] * ions, context=(3.0,))
    found = make_decision(context_slope=0.5).find_probability(reading)
    assert found == pytest.approx(1 / (1 + np.exp(-(1 + 1.5 * evidence))))


def test_bounds_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValidationError, match="absent_up_to"):
        make_decision(absent_up_to=0.7, present_from=0.7)


def test_with_area_the_mean_of_the_networks_decides_and_their_spread_is_stated() -> None:
    found = combine(make_reading([9, 9], [[1, 3], [-2, -2]]), make_decision(), "present")
    np.testing.assert_allclose(found.off_sample_probability, 1 / (1 + np.exp([-2.0, 2.0])), rtol=1e-6)
    np.testing.assert_allclose(found.member_spread, [np.std(1 / (1 + np.exp([-1.0, -3.0]))), 0], atol=1e-7)


def test_without_area_an_ion_is_off_sample_only_as_far_as_the_verdict_is_wrong() -> None:
    found = combine(make_reading([-2, -2], [[20, 20], [-20, -20]]), make_decision(), "absent")
    np.testing.assert_allclose(found.off_sample_probability, [1 / (1 + np.exp(2.0)), 0], atol=1e-6)


def test_a_temperature_moves_no_probability_across_a_half() -> None:
    reading = make_reading([9], [[3.0], [-3.0]])
    warm, cold = (combine(reading, make_decision(temperature=value), "present") for value in (2.0, 1.0))
    assert (warm.off_sample_probability > 0.5).tolist() == [True, False]
    assert (abs(warm.off_sample_probability - 0.5) < abs(cold.off_sample_probability - 0.5)).all()


def test_depth_grows_from_the_edge_of_what_was_acquired() -> None:
    acquired = np.zeros((56, 56), dtype=np.float32)
    acquired[10:20, 10:20] = 1
    found = measure_depth(acquired)
    assert (found[acquired == 0] == 0).all()
    assert found[10, 15] == pytest.approx(1 / 28)
    assert found[14, 14] == pytest.approx(5 / 28)
    assert FULL[28, 28] == 1
