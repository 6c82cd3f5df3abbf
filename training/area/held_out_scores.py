"""What a release of kind `area` does on acquisitions that its networks did not see, next to the plain release."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from model_store.area.dataset_prediction import combine
from model_store.area.decision import VERDICTS, AreaDecision, AreaVerdict
from model_store.predictors.predictor import Predictor
from training.acquisitions.acquisition import AreaTruth
from training.area.calibration import calibrate
from training.area.held_out_reading import HeldOutReading, PreparedAcquisition

Probabilities = npt.NDArray[np.floating]

PredictAlone = Callable[[PreparedAcquisition], Probabilities]
"""Off-sample probability of each ion image of an acquisition, alone."""


@dataclass(frozen=True)
class HeldOutScores:
    """Counts for one acquisition, read with one number of ions, summed over the random choices of them.

    Attributes
    ----------
    ions
        None = all.
    probability
        Mean calibrated probability of off-sample area.
    verdicts
        How often the area was found present, absent and unclear.
    labelled, correct, plain_correct
        Labelled ions, and those of them that this release and the plain one label correctly.
    on, false_off, plain_false_off
        On-sample ions, and those of them that this release and the plain one call off-sample.
    auc, plain_auc
        Of all ions together; None with one class only, or with a few ions.
    plain_fitted_on
        Whether the plain release was fitted on textures of this acquisition.
    """

    acquisition: str
    series: str
    truth: AreaTruth
    ions: int | None
    probability: float
    verdicts: tuple[int, int, int]
    labelled: int
    correct: int
    plain_correct: int
    on: int
    false_off: int
    plain_false_off: int
    auc: float | None
    plain_auc: float | None
    plain_fitted_on: bool


def score_held_out(
    readings: Sequence[HeldOutReading],
    prepared: Mapping[str, PreparedAcquisition],
    plain: Predictor,
    decision: AreaDecision | None = None,
) -> list[HeldOutScores]:
    """Scores by acquisition and number of ions, in the order of the readings.

    Parameters
    ----------
    prepared
        By the name of the acquisition.
    plain
        The release that decides where the area is unclear.
    decision
        None = for each series, calibrated on the readings of the others.
    """
    decisions = {
        series: decision or calibrate([one for one in readings if one.series != series])
        for series in sorted({one.series for one in readings})
    }
    alone = {name: plain.predict(one.inputs).off_sample_probability for name, one in prepared.items()}
    fitted_on = set(plain.release.manifest.provenance.fitted_on or ())
    threshold = plain.release.manifest.threshold
    grouped: dict[tuple[str, int | None], list[HeldOutReading]] = defaultdict(list)
    for one in readings:
        grouped[one.acquisition, one.ions].append(one)
    return [
        _score(group, alone[name], decisions[group[0].series], threshold, fitted=name in fitted_on)
        for (name, _), group in grouped.items()
    ]


def average_by_series(
    rows: Sequence[HeldOutScores], name: Literal["correct", "plain_correct"]
) -> npt.NDArray[np.float64]:
    """(S,), share of the labelled ions of each series; of several acquisitions, the mean of their shares."""
    by_series: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.labelled:
            by_series[row.series].append(getattr(row, name) / row.labelled)
    return np.asarray([np.mean(shares) for shares in by_series.values()])


def _score(
    group: Sequence[HeldOutReading], alone: Probabilities, decision: AreaDecision, threshold: float, *, fitted: bool
) -> HeldOutScores:
    chances = [decision.find_probability(one.reading) for one in group]
    verdicts = [decision.judge(chance) for chance in chances]
    own = np.concatenate(
        [_predict(one, alone, decision, verdict) for one, verdict in zip(group, verdicts, strict=True)]
    )
    plain = np.concatenate([alone[one.rows] for one in group])
    labels = np.concatenate([one.labels for one in group])
    off, on, counts = labels == 1, labels == 0, Counter(verdicts)
    return HeldOutScores(
        acquisition=group[0].acquisition,
        series=group[0].series,
        truth=group[0].truth,
        ions=group[0].ions,
        probability=float(np.mean(chances)),
        verdicts=(counts[VERDICTS[0]], counts[VERDICTS[1]], counts[VERDICTS[2]]),
        labelled=int((off | on).sum()),
        correct=_count_correct(own >= threshold, off, on),
        plain_correct=_count_correct(plain >= threshold, off, on),
        on=int(on.sum()),
        false_off=int((on & (own >= threshold)).sum()),
        plain_false_off=int((on & (plain >= threshold)).sum()),
        auc=_auc(own, labels) if group[0].ions is None else None,
        plain_auc=_auc(plain, labels) if group[0].ions is None else None,
        plain_fitted_on=fitted,
    )


def _predict(one: HeldOutReading, alone: Probabilities, decision: AreaDecision, verdict: AreaVerdict) -> Probabilities:
    if verdict == "unclear":
        return alone[one.rows]
    return combine(one.reading, decision, verdict).off_sample_probability


def _count_correct(predicted_off: npt.NDArray[np.bool_], off: npt.NDArray[np.bool_], on: npt.NDArray[np.bool_]) -> int:
    return int((predicted_off & off).sum() + (~predicted_off & on).sum())


def _auc(probability: Probabilities, labels: npt.NDArray[np.intp]) -> float | None:
    labelled = labels >= 0
    if len(set(labels[labelled].tolist())) < 2:
        return None
    return float(roc_auc_score(labels[labelled] == 1, probability[labelled]))
