"""A cross-validation run: every repeat of every fold, resumable at every epoch of every member."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from training.cross_validation.folded_set import FoldedSet
from training.cross_validation.member_outputs import predict_outputs, read_probabilities, save_outputs
from training.cross_validation.settings import CrossValidationSettings
from training.fit.fitting import fit_members
from training.fit.mixing import Retraining
from training.fit.run_folder import EpochRow, RunFolder

OnRepeatEpoch = Callable[[int, int, EpochRow], None]
"""Called with fold, repeat (both from 1) and the epoch."""

_OUTPUTS = "outputs.npz"


def repeat_folder(output: Path, fold: int, repeat: int) -> Path:
    """Folder of a repeat's networks, named `attempt_<k>` on disk; `fold` and `repeat` count from 0."""
    return output / f"fold_{fold + 1:02}" / f"attempt_{repeat + 1}"


def run_folds(
    folded: FoldedSet,
    settings: CrossValidationSettings,
    output: Path,
    on_epoch: OnRepeatEpoch,
    retraining: Retraining | None = None,
) -> npt.NDArray[np.float64]:
    """Fit what is missing, and return every repeat's off-sample probability of every held-out image.

    Returns
    -------
    (repeats, N) in [0, 1], from networks that were not fitted on the image's group.
    """
    probabilities = np.full((settings.attempts, len(folded.labelled_set)), np.nan)
    for fold in range(settings.folds):
        held_out = np.flatnonzero(folded.fold_of == fold)
        for repeat in range(settings.attempts):
            folder = repeat_folder(output, fold, repeat)
            if not (folder / _OUTPUTS).exists():
                _run_repeat(folded, settings, folder, (fold, repeat), on_epoch, retraining or Retraining())
            probabilities[repeat, held_out] = read_probabilities(folder / _OUTPUTS, held_out)
    return probabilities


def _run_repeat(
    folded: FoldedSet,
    settings: CrossValidationSettings,
    folder: Path,
    fold_and_repeat: tuple[int, int],
    on_epoch: OnRepeatEpoch,
    retraining: Retraining,
) -> None:
    """Fit on all other folds, and write the members' outputs for this one."""
    fold, repeat = fold_and_repeat
    held_out_rows = np.flatnonzero(folded.fold_of == fold)
    training = retraining.add_companions(folded.labelled_set.take(np.flatnonzero(folded.fold_of != fold)))
    held_out = folded.labelled_set.take(held_out_rows)
    fit_settings = settings.fit_settings(fold + 1, repeat + 1, len(training.off), len(held_out))
    run = RunFolder(folder)
    report = partial(on_epoch, fold + 1, repeat + 1)
    fit_members(fit_settings, run, training, held_out, report, retraining.starts)
    outputs = predict_outputs(run.finished_member_paths(), held_out.inputs)
    save_outputs(folder / _OUTPUTS, held_out_rows, outputs)
    keras.backend.clear_session()  # fifty networks would otherwise stay in memory
