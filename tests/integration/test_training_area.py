"""Area networks from fit to release; two steps each, so nothing is learnt."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from area_making import make_decision

from model_store.area.reading import read_area
from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine
from model_store.release import Release, default_version
from shared.errors import InvalidInputError, ReleaseError
from training.acquisitions.folds import leave_one_out
from training.acquisitions.series import load_acquisitions
from training.area.area_content import AreaContent, gather_content
from training.area.drawing import draw_pool
from training.area.fitting import fit_area_networks, fit_network
from training.area.held_out import open_networks, read_held_out
from training.area.held_out_reading import prepare
from training.area.publish import publish_area_release
from training.area.run import AreaRun, NetworkTask, list_tasks
from training.area.settings import AreaSettings
from training.release.set_prediction import predict_together

# TensorFlow's variables lack NumPy 2's copy keyword, which Keras uses whenever it saves or loads weights.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
    pytest.mark.usefixtures("without_graphs"),
]

SETTINGS = AreaSettings(examples=6, steps=2, ions=12, datasets=4, members=1, folds=2, fold_members=1)
VERSION = "2000.2.1"
ACQUISITIONS = ("gastric_cancer_afadesi", "mouse_brain_desi", "mouse_brain_interior_3", "mouse_brain_amyloid")
"""Two series with off-sample area and two without, so that each can be calibrated without itself."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> AreaRun:
    """All but the last network are fitted here; `fit_area_networks` finds that one missing and fits it in a process."""
    found = AreaRun(tmp_path_factory.mktemp("area") / "run")
    found.begin(SETTINGS)
    pool = draw_pool(found.examples_path, SETTINGS.examples, SETTINGS.mixture, SETTINGS.seed, lambda *_: None)
    for task in list_tasks(SETTINGS)[:-1]:
        fit_network(SETTINGS, found, task, pool)
    fitted: list[NetworkTask] = []
    fit_area_networks(SETTINGS, found, lambda *_: None, lambda task, *_: fitted.append(task))
    assert fitted == list_tasks(SETTINGS)[-1:]
    return found


def test_a_run_holds_every_network_and_its_losses(run: AreaRun) -> None:
    run.require_finished()
    for task in list_tasks(SETTINGS):
        assert run.log_path(task).read_text(encoding="utf-8").startswith("step,")
        assert not run.state_path(task).exists()


def test_a_finished_run_is_not_fitted_again_and_other_settings_are_refused(run: AreaRun) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in run.path.iterdir()}
    fit_area_networks(SETTINGS, run, lambda *_: None, lambda *_: None)
    assert {path.name: path.stat().st_mtime_ns for path in run.path.iterdir()} == before
    with pytest.raises(InvalidInputError, match="other settings"):
        fit_area_networks(SETTINGS.model_copy(update={"seed": 9}), run, lambda *_: None, lambda *_: None)


def test_an_interrupted_network_goes_on_where_it_was_saved(run: AreaRun, tmp_path: Path) -> None:
    pool = draw_pool(run.examples_path, SETTINGS.examples, SETTINGS.mixture, SETTINGS.seed, lambda *_: None)
    task, broken = NetworkTask(0, 1), AreaRun(tmp_path / "broken")
    broken.begin(SETTINGS)
    blocks: list[int] = []

    def interrupt_first(done: int) -> None:
        blocks.append(done)
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_network(SETTINGS, broken, task, pool, block_steps=1, on_block=interrupt_first)
    assert broken.state_path(task).exists()
    assert not broken.network_path(task).exists()
    fit_network(SETTINGS, broken, task, pool, block_steps=1, on_block=interrupt_first)
    assert (blocks, broken.network_path(task).exists()) == ([1, 2], True)
    rows = broken.log_path(task).read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "1", "2"]


def test_an_acquisition_is_read_by_the_networks_of_the_fold_that_holds_it_out(run: AreaRun) -> None:
    prepared = {one.name: prepare(one) for one in load_acquisitions(ACQUISITIONS[:2])}
    readings = list(read_held_out(run, prepared, repeats=1))
    for name, one in prepared.items():
        (fold,) = [row for row, fold in enumerate(leave_one_out(folds=SETTINGS.folds)) if name in fold.held_out]
        own, other = (
            read_area(open_networks(run, [NetworkTask(row, 1)]), lambda inputs=one.inputs: [inputs])
            for row in (fold, 1 - fold)
        )
        (found,) = [reading for reading in readings if (reading.acquisition, reading.ions) == (name, None)]
        assert own is not None
        assert other is not None
        np.testing.assert_allclose(found.reading.area_logits, own.area_logits, atol=1e-4)
        assert not np.allclose(found.reading.area_logits, other.area_logits, atol=1e-3)
        assert len(found.reading.off_logits) == len(one.inputs)
        assert {len(reading.rows) for reading in readings if reading.ions == 3} == {3}


def test_an_unfinished_run_is_not_published(tmp_path: Path, plain_release: Release) -> None:
    unfinished = AreaRun(tmp_path / "run")
    unfinished.begin(SETTINGS)
    with pytest.raises(InvalidInputError, match="fold_1_member_1"):
        publish_area_release(
            unfinished, VERSION, plain_release, AreaContent(make_decision(), [], [], []), root=tmp_path
        )


def test_a_release_is_published_with_its_held_out_table_and_not_made_the_default_when_it_is_worse(
    run: AreaRun, tmp_path: Path, plain_release: Release
) -> None:
    content = gather_content(run, plain_release, acquisitions=ACQUISITIONS, repeats=1)
    whole = [row for row in content.held_out if row.ions is None and row.truth == "absent"]
    (fit,) = content.fits  # there is one network in each fold, so it alone is the whole ensemble
    assert (fit.false_off, fit.sample_only) == (sum(row.false_off for row in whole), sum(row.on for row in whole))
    root = tmp_path / "releases"
    worse = replace(content, held_out=[replace(row, correct=0) for row in content.held_out])
    with pytest.raises(ReleaseError, match=VERSION):
        publish_area_release(run, VERSION, plain_release, worse, default=True, root=root)
    assert not (root / VERSION).exists()
    release, _ = publish_area_release(run, VERSION, plain_release, content, root=root)
    with pytest.raises(ReleaseError, match="DEFAULT"):
        default_version(root)
    assert release.manifest.kind == "area"
    card = (release.folder / "model_card.md").read_text(encoding="utf-8")
    for heading in (f"# Release {VERSION}", "## Off-sample area", "## Data", "## Scores on real images", "## Limits"):
        assert card.count(f"\n{heading}\n") + card.startswith(f"{heading}\n") == 1, heading
    assert "| mouse_brain_interior_3 | absent | all |" in card
    inputs = content.datasets[1]
    alone = open_predictor(plain_release, Engine.ONNX).predict(inputs).off_sample_probability
    found = predict_together(open_predictor(release, Engine.ONNX), inputs)
    assert found.shape == alone.shape
