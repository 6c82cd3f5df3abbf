"""Calibration of area networks on acquisitions that they did not see."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from model_store.area.decision import AreaDecision, measure_evidence
from model_store.area.reading import AreaReading
from shared.errors import InvalidInputError
from training.area.held_out_reading import HeldOutReading
from training.metrics.calibration import fit_temperature

CORRECT_OUTSIDE = 0.9
"""Share of the certain verdicts on held-out acquisitions, with equal weight for every series, that must be correct; as
for the uncertain band of labels (`training/release/decision.py`)."""

_NARROWEST, _WIDEST = 0.3, 0.45
"""Half-widths of the unclear band around 1/2: a verdict is certain from a probability of at least 80 %."""

_STRENGTH = 10.0
"""Inverse strength of the penalty on the slopes: there are few acquisitions."""

_LEAST_SLOPE = 1e-3
"""Of networks that are no better than chance: every verdict is unclear then."""

Weights = npt.NDArray[np.float64]


def calibrate(readings: Sequence[HeldOutReading]) -> AreaDecision:
    """Fit slopes, unclear band and temperature; readings of acquisitions with unknown truth do not count.

    Raises
    ------
    InvalidInputError
        When no reading is of an acquisition with off-sample area, or none of one without.
    """
    known = [one for one in readings if one.truth != "unknown"]
    present = np.asarray([one.truth == "present" for one in known], dtype=np.bool_)
    if present.all() or not present.any():
        raise InvalidInputError("expected held-out acquisitions with off-sample area and without, got one kind only")
    weights = weigh(known)
    slope, context_slope, intercept = _fit_slopes([one.reading for one in known], present, weights)
    bare = AreaDecision(
        slope=slope,
        context_slope=context_slope,
        intercept=intercept,
        absent_up_to=0.0,
        present_from=1.0,
        temperature=_fit_temperature(known),
        calibration="",
    )
    half = _find_band(np.asarray([bare.find_probability(one.reading) for one in known]), present, weights)
    series = {kind: {one.series for one in known if one.truth == kind} for kind in ("present", "absent")}
    return bare.model_copy(
        update={
            "absent_up_to": round(0.5 - half, 2),
            "present_from": round(0.5 + half, 2),
            "calibration": f"calibrated on held-out real acquisitions of {len(series['present'])} series with"
            f" off-sample area and {len(series['absent'])} without; on acquisitions of other kinds unknown",
        }
    )


def _fit_slopes(
    readings: Sequence[AreaReading], present: npt.NDArray[np.bool_], weights: Weights
) -> tuple[float, float, float]:
    """Slope, slope of the context, and intercept."""
    table = [
        (one.area_logits.mean(), one.context_logits.mean() * measure_evidence(len(one.off_logits))) for one in readings
    ]
    fitted = LogisticRegression(C=_STRENGTH).fit(table, present, sample_weight=weights)
    slope, context_slope = map(float, fitted.coef_[0])
    return max(slope, _LEAST_SLOPE), max(context_slope, 0.0), float(fitted.intercept_[0])


def weigh(readings: Sequence[HeldOutReading]) -> Weights:
    """(R,), of mean 1: both truths weigh the same, within them every series, and within it every reading."""
    of_series = Counter((one.truth, one.series) for one in readings)
    series_of_truth = Counter(truth for truth, _ in of_series)
    found = np.asarray(
        [1 / (series_of_truth[one.truth] * of_series[one.truth, one.series]) for one in readings], dtype=np.float64
    )
    return np.asarray(found / found.mean())


def _find_band(probability: Weights, present: npt.NDArray[np.bool_], weights: Weights) -> float:
    """Half the width of the narrowest band outside which enough verdicts are correct; the widest when none is."""
    correct = (probability >= 0.5) == present
    for half in np.arange(_NARROWEST, _WIDEST, 0.01):
        outside = np.abs(probability - 0.5) > half
        if outside.any() and np.average(correct[outside], weights=weights[outside]) >= CORRECT_OUTSIDE:
            return float(half)
    return _WIDEST


def _fit_temperature(readings: Sequence[HeldOutReading]) -> float:
    """Of the log-odds that an ion is off-sample, given off-sample area; on the labelled ions of whole acquisitions.

    At least 1: a few hundred ions that are all correct are no reason to be surer than the networks are.
    """
    whole = [one for one in readings if one.ions is None and one.truth == "present"]
    labels = np.concatenate([one.labels for one in whole])
    logits = np.concatenate([one.reading.off_logits.mean(axis=1) for one in whole])
    labelled = labels >= 0
    if len(set(labels[labelled].tolist())) < 2:
        return 1.0
    return max(1.0, fit_temperature(labels[labelled] == 1, expit(logits[labelled].astype(np.float64))))
