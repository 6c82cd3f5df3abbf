"""A worker keeps its default release open, and the two pinned releases used last."""

import json
import shutil
from pathlib import Path

import pytest

from model_store.release import Release
from worker.runtime import Predictors
from worker.settings import Settings

PINNED = ["2000.1.1", "2000.1.2", "2000.1.3"]


@pytest.fixture
def predictors(release: Release, tmp_path: Path) -> Predictors:
    """Four releases that differ only in name; the first is the default."""
    for version in ("2000.1.0", *PINNED):
        folder = tmp_path / version
        shutil.copytree(release.folder, folder)
        manifest = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps(manifest | {"version": version}))
    (tmp_path / "DEFAULT").write_text("2000.1.0\n")
    return Predictors(Settings(releases_root=tmp_path, engine="onnx", threads=1))


def test_the_default_and_the_two_releases_used_last_stay_open(predictors: Predictors) -> None:
    default = predictors.find(None)
    first, second = (predictors.find(version) for version in PINNED[:2])
    assert predictors.find(PINNED[0]) is first

    third = predictors.find(PINNED[2])

    assert predictors.find(None) is default
    assert predictors.find(PINNED[0]) is first
    assert predictors.find(PINNED[2]) is third
    assert predictors.find(PINNED[1]) is not second, "the one that was not used for longest was closed"
    assert predictors.find(PINNED[0]) is not first, "it made room"


def test_a_pinned_default_is_the_default(predictors: Predictors) -> None:
    assert predictors.find("2000.1.0") is predictors.find(None)
