"""Scores of area networks on acquisitions that they did not see: who decides, and what is counted."""

from collections.abc import Sequence

import numpy as np
import pytest

from model_store.area.decision import AreaDecision
from model_store.area.reading import AreaReading, DatasetArea
from model_store.predictors.predictor import Predictor
from training.acquisitions.acquisition import AreaTruth
from training.acquisitions.series import load_acquisitions
from training.area.calibration import calibrate
from training.area.held_out_reading import HeldOutReading, PreparedAcquisition, prepare
from training.area.held_out_scores import HeldOutScores, average_by_series, score_held_out
from training.area.seed_spread import score_fits

ALL_PRESENT = AreaDecision(
    slope=1,
    context_slope=0,
    intercept=0,
    absent_up_to=0.001,
    present_from=0.002,
    temperature=1,
    calibration="not calibrated",
)
NEVER_SURE = AreaDecision(
    slope=1, context_slope=0, intercept=0, absent_up_to=0, present_from=1, temperature=1, calibration="not calibrated"
)


def make_reading(
    name: str,
    truth: AreaTruth,
    logit: float,
    *,
    context: float | tuple[float, float] = 0.0,
    off: Sequence[float] = (4, -4),
    labels: Sequence[int] = (1, 0),
) -> HeldOutReading:
    """One reading of all ions of an acquisition by two networks that agree."""
    reading = AreaReading(
        len(labels),
        np.full(2, logit, dtype=np.float32),
        np.full(2, context, dtype=np.float32),
        np.repeat(np.asarray(off, dtype=np.float32)[:, np.newaxis], 2, axis=1),
        np.ones((28, 28), dtype=np.float32),
        DatasetArea(np.ones((56, 56, 2), dtype=np.float32), []),
    )
    return HeldOutReading(name, name, truth, None, np.arange(len(labels)), np.asarray(labels), reading)


@pytest.fixture(scope="module")
def acquisition() -> PreparedAcquisition:
    return prepare(load_acquisitions(["mouse_brain_interior_3"])[0])


def test_the_labels_of_an_acquisition_are_those_of_its_ions_with_a_signal(acquisition: PreparedAcquisition) -> None:
    """Nothing but sample was measured there, so every ion is on-sample."""
    assert len(acquisition.inputs) == len(acquisition.labels) > 0
    assert set(acquisition.labels.tolist()) == {0}
    (other,) = load_acquisitions(["gastric_cancer_afadesi"])
    prepared = prepare(other)
    assert len(prepared.labels) == len(other.effective_labels)
    codes = {"off": 1, "on": 0}
    assert prepared.labels.tolist() == [codes.get(label or "", -1) for label in other.effective_labels]
    assert {0, 1} <= set(prepared.labels.tolist())


def test_a_series_is_decided_by_a_calibration_that_did_not_see_it(
    acquisition: PreparedAcquisition, predictor: Predictor
) -> None:
    odd = make_reading("odd", "present", -3.0)
    readings = [make_reading(name, "present", 3.0) for name in ("p1", "p2")]
    readings += [make_reading(name, "absent", -3.0, labels=(0, 0)) for name in ("a1", "a2")]
    scores = score_held_out([*readings, odd], {one.acquisition: acquisition for one in [*readings, odd]}, predictor)
    (found,) = [one for one in scores if one.acquisition == "odd"]
    assert found.probability == pytest.approx(calibrate(readings).find_probability(odd.reading))
    assert found.probability != pytest.approx(calibrate([*readings, odd]).find_probability(odd.reading), abs=1e-3)


@pytest.mark.parametrize(("off", "correct", "false_off"), [((4, -4, 4), 2, 0), ((-4, 4, 4), 0, 1)])
def test_labelled_ions_are_counted_and_others_are_not(
    acquisition: PreparedAcquisition, predictor: Predictor, off: tuple[float, ...], correct: int, false_off: int
) -> None:
    reading = make_reading("a", "present", 3.0, off=off, labels=(1, 0, -1))
    (found,) = score_held_out([reading], {"a": acquisition}, predictor, ALL_PRESENT)
    assert (found.verdicts, found.labelled, found.on) == ((1, 0, 0), 2, 1)
    assert (found.correct, found.false_off) == (correct, false_off)
    assert found.auc == (1.0 if correct else 0.0)


def test_the_plain_release_decides_where_the_area_is_unclear(
    acquisition: PreparedAcquisition, predictor: Predictor
) -> None:
    alone = predictor.predict(acquisition.inputs[:4]).off_sample_probability
    labels = [int(one >= 0.5) for one in alone]
    labels[0] = 1 - labels[0]
    reading = make_reading("a", "present", 0.0, off=[9.0 if label == 0 else -9.0 for label in labels], labels=labels)
    (found,) = score_held_out([reading], {"a": acquisition}, predictor, NEVER_SURE)
    assert found.verdicts == (0, 0, 1)
    assert (found.correct, found.plain_correct) == (3, 3)
    assert found.false_off == found.plain_false_off == (1 if labels[0] == 0 else 0)


def test_each_network_is_judged_by_what_it_read_alone(acquisition: PreparedAcquisition, predictor: Predictor) -> None:
    """The second network mistakes one acquisition, and only it."""
    readings = [make_reading(name, "present", 0.0, context=4.0) for name in ("p1", "p2", "p3")]
    readings += [make_reading(name, "absent", 0.0, context=-4.0, labels=(0, 0)) for name in ("a1", "a2", "a3")]
    readings.append(make_reading("odd", "present", 0.0, context=(4.0, -4.0)))
    first, second = score_fits(readings, {one.acquisition: acquisition for one in readings}, predictor)
    assert (first.wrong_verdicts, second.wrong_verdicts, first.verdicts) == (0, 1, 7)


def test_a_context_that_contradicts_the_ions_counts_for_nothing() -> None:
    readings = [make_reading(name, "present", 3.0, context=-9.0) for name in ("p1", "p2")]
    readings += [make_reading(name, "absent", -3.0, context=9.0, labels=(0, 0)) for name in ("a1", "a2")]
    found = calibrate(readings)
    assert found.context_slope == 0
    assert found.find_probability(readings[0].reading) > 0.5 > found.find_probability(readings[-1].reading)


def test_a_series_counts_once_however_many_acquisitions_it_has() -> None:
    rows = [
        HeldOutScores(name, series, "present", None, 0.9, (1, 0, 0), 10, correct, 5, 5, 0, 0, None, None, False)
        for name, series, correct in (("a", "large", 10), ("b", "large", 0), ("c", "single", 10))
    ]
    assert average_by_series(rows, "correct").tolist() == [0.5, 1.0]
    assert average_by_series(rows, "plain_correct").tolist() == [0.5, 0.5]
