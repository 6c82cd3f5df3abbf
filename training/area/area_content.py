"""Everything that a release of area networks is decided by and evaluated on."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_store.area.decision import AreaDecision
from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine
from model_store.release import Release
from shared.preprocessing import NetworkInputs
from shared.progress import ProgressCallback, ignore_progress
from training.acquisitions.series import load_acquisitions
from training.area.calibration import calibrate
from training.area.held_out import REPEATS, read_held_out
from training.area.held_out_reading import prepare
from training.area.held_out_scores import HeldOutScores, score_held_out
from training.area.run import AreaRun
from training.area.seed_spread import FitScores, score_fits
from training.benchmark.frozen_set import FrozenSet
from training.real_sets import RealSet

_CHECKED_IONS = 60
"""Ions of each acquisition on which both engines must agree."""


@dataclass(frozen=True, eq=False)
class AreaContent:
    """What is known about the networks of a finished run, and what the release is evaluated on.

    Attributes
    ----------
    held_out
        Scores on acquisitions that the networks did not see.
    fits
        The same of single networks.
    datasets
        Network inputs of real datasets, (N, 56, 56, 2) each, on which both engines must agree.
    frozen
        The benchmark; None = not run.
    """

    decision: AreaDecision
    held_out: Sequence[HeldOutScores]
    fits: Sequence[FitScores]
    datasets: Sequence[NetworkInputs]
    real_sets: Sequence[RealSet] = ()
    frozen: FrozenSet | None = None


def gather_content(
    run: AreaRun,
    plain: Release,
    acquisitions: Sequence[str] | None = None,
    repeats: int = REPEATS,
    on_progress: ProgressCallback = ignore_progress,
) -> AreaContent:
    """Read every acquisition with the networks that did not see it, and calibrate them; a few minutes.

    Parameters
    ----------
    acquisitions
        Their names; None = all. They must include some with and some without off-sample area.
    repeats
        Random choices of each number of ions.
    """
    prepared = {one.name: prepare(one) for one in load_acquisitions(acquisitions)}
    readings = list(read_held_out(run, prepared, repeats, on_progress))
    read = {name: prepared[name] for name in dict.fromkeys(one.acquisition for one in readings)}
    predictor = open_predictor(plain, Engine.ONNX)
    return AreaContent(
        decision=calibrate(readings),
        held_out=score_held_out(readings, read, predictor),
        fits=score_fits(readings, read, predictor, on_progress),
        datasets=[one.inputs[:_CHECKED_IONS] for one in read.values()],
    )
