"""Every ensemble's evaluation on the bladder is logged once."""

from pathlib import Path

from model_store.release import Release
from training.metrics.border_centre import RULE_NAME
from training.metrics.real_set_scores import RealSetScores
from training.release.evaluation_log import LOG_PATH, log_evaluation


def make_scores(data_set: str, predictor: str = "release") -> RealSetScores:
    return RealSetScores(data_set, "smoke test", (), predictor, 77, 77, (0.95, 1.0), None, 1.0)


def test_an_evaluation_is_logged_once(plain_release: Release, tmp_path: Path) -> None:
    path = tmp_path / "evaluations.csv"
    rows = [make_scores("mouse_bladder"), make_scores("mouse_bladder", RULE_NAME), make_scores("other")]
    assert log_evaluation(plain_release, rows, path)
    assert not log_evaluation(plain_release, rows, path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert lines[1].split(",")[1:] == [
        plain_release.version,
        plain_release.manifest.ensemble_onnx.sha256,
        "77",
        "77",
        "1.0000",
    ]


def test_evaluations_on_other_sets_are_not_logged(release: Release, tmp_path: Path) -> None:
    assert not log_evaluation(release, [make_scores("other")], tmp_path / "evaluations.csv")
    assert not (tmp_path / "evaluations.csv").exists()


def test_the_releases_that_ship_have_been_logged(release: Release, plain_release: Release) -> None:
    logged = LOG_PATH.read_text(encoding="utf-8")
    assert plain_release.manifest.ensemble_onnx.sha256 in logged
    assert release.manifest.area is not None
    assert f"{release.version},{release.manifest.area.members[0].sha256}" in logged
