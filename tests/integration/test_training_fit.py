"""A fit is repeatable, and resumes where it was interrupted."""

import csv
from pathlib import Path

import keras
import numpy as np
import pytest

from shared.errors import InvalidInputError
from training.fit.fitting import fit_ensemble
from training.fit.recipe import RECIPES, PresetName
from training.fit.run_folder import EpochRow, RunFolder
from training.fit.settings import FitSettings

# TensorFlow's variables predate NumPy 2's copy keyword; Keras meets that whenever it saves or loads weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

RECIPE = RECIPES[PresetName.DEFAULT].model_copy(update={"epochs": 2, "batch": 16})
SETTINGS = FitSettings(recipe=RECIPE, images=64, members=2, seed=5, validation_images=16)


class PowerCutError(Exception):
    """Ends a fit between two epochs."""


def ignore(row: EpochRow) -> None:
    """Report nothing."""


def weights_of(run: RunFolder) -> list[np.ndarray]:
    members = [keras.saving.load_model(path, compile=False) for path in run.finished_member_paths()]
    return [weight for member in members for weight in member.get_weights()]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = RunFolder(tmp_path_factory.mktemp("finished"))
    fit_ensemble(SETTINGS, run, ignore)
    return run


def test_an_interrupted_fit_resumes_and_gives_the_same_weights(finished: RunFolder, tmp_path: Path) -> None:
    """Interrupted in the second member: the first is not fitted again, the second resumes after its first epoch."""
    run = RunFolder(tmp_path / "interrupted")
    epochs: list[tuple[int, int]] = []

    def interrupt_once(row: EpochRow) -> None:
        epochs.append((row.member, row.epoch))
        if len(epochs) == 3:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        fit_ensemble(SETTINGS, run, interrupt_once)
    fit_ensemble(SETTINGS, run, interrupt_once)

    assert epochs == [(1, 1), (1, 2), (2, 1), (2, 2)]
    for resumed, whole in zip(weights_of(run), weights_of(finished), strict=True):
        np.testing.assert_allclose(resumed, whole, atol=1e-5)


def test_members_have_different_seeds(finished: RunFolder) -> None:
    first, second = (
        keras.saving.load_model(path, compile=False).get_weights()[0] for path in finished.finished_member_paths()
    )
    assert np.abs(first - second).max() > 0.01


def test_a_finished_member_has_no_optimiser_and_no_checkpoint_is_left(finished: RunFolder) -> None:
    names = sorted(path.name for path in finished.path.iterdir())
    assert names == ["log.csv", "member_1.keras", "member_2.keras", "settings.json"]
    member = keras.saving.load_model(finished.member_path(1))
    assert not member.compiled


def test_the_log_has_one_line_per_member_and_epoch(finished: RunFolder) -> None:
    with (finished.path / "log.csv").open(encoding="utf-8", newline="") as stream:
        lines = [(line["member"], line["epoch"]) for line in csv.DictReader(stream)]
    assert lines == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]


def test_a_run_folder_rejects_other_settings(finished: RunFolder) -> None:
    with pytest.raises(InvalidInputError, match="settings"):
        fit_ensemble(SETTINGS.model_copy(update={"seed": 6}), finished, ignore)


def test_a_folder_without_a_run_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="folder"):
        RunFolder(tmp_path).finished_member_paths()
