"""Calibration of area networks on acquisitions that they did not see."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from model_store.area.decision import AreaDecision
from shared.errors import InvalidInputError
from training.area.held_out_reading import HeldOutReading
from training.metrics.calibration import fit_temperature

CORRECT_OUTSIDE = 0.9
"""Share of the certain verdicts on held-out acquisitions, with equal weight for every series, that must be correct; as
for the uncertain band of labels (`training/release/decision.py`)."""

_NARROWEST, _WIDEST = 0.1, 0.45
"""Half-widths of the unclear band around 1/2."""

_STRENGTH = 10.0
"""Inverse strength of the penalty on the slope: there are few acquisitions."""

_LEAST_SLOPE = 1e-3
"""Of networks that are no better than chance: every verdict is unclear then."""

Weights = npt.NDArray[np.float64]


def calibrate(readings: Sequence[HeldOutReading]) -> AreaDecision:
    """Fit probability, unclear band and temperature; readings of acquisitions with unknown truth do not count.

    Raises
    ------
    InvalidInputError
        When no reading is of an acquisition with off-sample area, or none of one without.
    """
    known = [one for one in readings if one.truth != "unknown"]
    present = np.asarray([one.truth == "present" for one in known], dtype=np.bool_)
    if present.all() or not present.any():
        raise InvalidInputError("expected held-out acquisitions with off-sample area and without, got one kind only")
    logits = np.asarray([one.reading.area_logits.mean() for one in known])
    weights = weigh(known)
    fitted = LogisticRegression(C=_STRENGTH).fit(logits[:, np.newaxis], present, sample_weight=weights)
    slope, intercept = max(float(fitted.coef_[0, 0]), _LEAST_SLOPE), float(fitted.intercept_[0])
    half = _find_band(expit(slope * logits + intercept), present, weights)
    series = {kind: {one.series for one in known if one.truth == kind} for kind in ("present", "absent")}
    return AreaDecision(
        slope=slope,
        intercept=intercept,
        absent_up_to=round(0.5 - half, 2),
        present_from=round(0.5 + half, 2),
        temperature=_fit_temperature(known),
        calibration=f"calibrated on held-out real acquisitions of {len(series['present'])} series with off-sample area"
        f" and {len(series['absent'])} without; on acquisitions of other kinds unknown",
    )


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
