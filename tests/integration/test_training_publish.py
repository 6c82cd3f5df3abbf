"""Publication: a release computes the same as its fitted members, and off means off."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from ring_networks import EPOCHS, draw_rings_and_discs, fit_member, save_run
from training_commands import run_training

from model_store.manifest import Manifest
from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine
from model_store.reference import reference_path
from model_store.release import (
    MANIFEST_NAME,
    RELEASES_ROOT,
    Release,
    default_version,
    installed_versions,
    open_release,
)
from shared.errors import InvalidInputError, ReleaseError
from shared.ion_image import make_ion_image
from shared.preprocessing import preprocess
from training.fit.run_folder import RunFolder
from training.real_sets import load_real_sets
from training.release.ensemble_graph import export_ensemble, require_agreement
from training.release.evaluation_log import LOG_PATH
from training.release.front_matter import skip_front_matter
from training.release.publish import publish_release
from training.release.redescription import redescribe_release
from training.release.reference import NamedDataset, ReferenceData
from training.release.release_manifest import ReleaseParts, describe_file

# TensorFlow's variables predate NumPy 2's copy keyword; Keras meets that whenever it saves or loads weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

VERSION = "2000.1.1"


@pytest.fixture(scope="module")
def members() -> list[keras.Model]:
    """Two small fits; the second for half as many epochs."""
    return [fit_member(member, epochs=EPOCHS // member) for member in (1, 2)]


@pytest.fixture(scope="module")
def run(members: list[keras.Model], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return save_run(tmp_path_factory.mktemp("run"), members)


@pytest.fixture(scope="module")
def inverted_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return save_run(tmp_path_factory.mktemp("inverted"), [fit_member(1, inverted=True)])


@pytest.fixture(scope="module")
def root(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A releases folder with one release in it."""
    folder = tmp_path_factory.mktemp("store") / "releases"
    (development,) = real_sets = load_real_sets(["metaspace_predicted"])
    silent = make_ion_image(np.zeros((20, 30)))
    datasets = [NamedDataset("all", [*development.ion_images, silent]), NamedDataset("silent", [silent])]
    parts = ReleaseParts(real_sets, reference_data=ReferenceData("the development set as one", datasets))
    publish_release(run, VERSION, parts, default=True, root=folder)
    return folder


def test_a_published_release_is_whole_verified_and_the_default(root: Path) -> None:
    release = open_release(root=root)
    assert default_version(root) == release.version == VERSION
    names = {path.name for path in release.folder.iterdir()}
    assert names == {
        "manifest.json",
        "model_card.md",
        "ensemble.onnx",
        "member_1.keras",
        "member_2.keras",
        "worst_mistakes.png",
    }
    assert [path.name for path in root.iterdir() if path.is_dir()] == [VERSION]


def test_the_manifest_states_the_reference_of_these_networks(root: Path) -> None:
    release = open_release(root=root)
    (development,) = load_real_sets(["metaspace_predicted"])
    inputs = preprocess(development.ion_images)
    probabilities = open_predictor(release, Engine.ONNX).predict(inputs).off_sample_probability
    found = release.find_reference()
    assert found is not None
    (dataset,) = found.datasets
    assert (found.data, found.release, dataset.name) == ("the development set as one", VERSION, "all")
    assert dataset.profile.images == len(probabilities)
    assert dataset.profile.off_share == pytest.approx((probabilities >= release.manifest.threshold).mean(), abs=1e-5)


def test_a_release_that_states_its_reference_gets_no_other(root: Path) -> None:
    ended = run_training("reference", VERSION, "--releases-root", str(root))
    assert (ended.returncode, VERSION in ended.stderr) == (1, True)
    assert not reference_path(root, VERSION).exists()


def test_a_reference_of_other_networks_is_not_taken(root: Path) -> None:
    release = open_release(root=root)
    graph = release.manifest.ensemble_onnx.model_copy(update={"sha256": "0" * 64})
    other = replace(release, manifest=release.manifest.model_copy(update={"ensemble_onnx": graph}))
    assert other.find_reference() is None


@pytest.mark.parametrize("engine", [Engine.ONNX, Engine.TENSORFLOW])
def test_off_is_off_from_the_training_target_to_the_predictor(root: Path, engine: Engine) -> None:
    inputs, off = draw_rings_and_discs(64)
    probability = open_predictor(open_release(root=root), engine).predict(inputs).off_sample_probability
    assert ((probability >= 0.5) == off).all()


def test_the_manifests_label_order_alone_determines_which_output_is_off(root: Path) -> None:
    """The same files with the other label order give 1 - p, so the test above cannot pass by chance."""
    release = open_release(root=root)
    content = json.loads((release.folder / MANIFEST_NAME).read_bytes()) | {"label_order": ["off", "on"]}
    swapped = Release(release.folder, Manifest.model_validate_json(json.dumps(content)))
    inputs, _ = draw_rings_and_discs(16)
    original, inverted = (
        open_predictor(one, Engine.ONNX).predict(inputs).off_sample_probability for one in (release, swapped)
    )
    np.testing.assert_allclose(inverted, 1 - original, atol=1e-6)


def test_the_graph_gives_every_members_outputs_for_any_number_of_images(root: Path, members: list[keras.Model]) -> None:
    for images in (1, 7, 65):
        inputs, _ = draw_rings_and_discs(images)
        assert require_agreement(members, open_release(root=root).onnx_path, inputs) <= 1e-5


def test_a_graph_that_differs_from_its_members_is_rejected(members: list[keras.Model], tmp_path: Path) -> None:
    path = tmp_path / "ensemble.onnx"
    export_ensemble(members[::-1], path)
    inputs = np.random.default_rng(1).random(
        (16, 56, 56, 2), dtype=np.float32
    )  # noise gives intermediate probabilities
    with pytest.raises(ReleaseError, match="agree"):
        require_agreement(members, path, inputs)


def test_a_graph_that_lacks_a_member_is_rejected(members: list[keras.Model], tmp_path: Path) -> None:
    path = tmp_path / "ensemble.onnx"
    export_ensemble(members[:1], path)
    inputs, _ = draw_rings_and_discs(4)
    with pytest.raises(ReleaseError, match="shape"):
        require_agreement(members, path, inputs)


def test_a_release_that_is_worse_does_not_become_the_default(root: Path, inverted_run: RunFolder) -> None:
    parts = ReleaseParts(load_real_sets(["metaspace_predicted"]))
    with pytest.raises(ReleaseError, match="metaspace_predicted"):
        publish_release(inverted_run, "2000.1.2", parts, default=True, root=root)
    assert default_version(root) == VERSION
    assert [path.name for path in root.iterdir() if path.is_dir()] == [VERSION]


def test_a_worse_release_becomes_the_default_when_every_set_it_is_worse_on_is_named(
    root: Path, run: RunFolder, inverted_run: RunFolder, tmp_path: Path
) -> None:
    shutil.copytree(root, tmp_path / "releases")
    parts, root = ReleaseParts(load_real_sets(["metaspace_predicted"])), tmp_path / "releases"
    with pytest.raises(ReleaseError, match="worse"):
        publish_release(inverted_run, "2000.1.2", parts, default=True, although_worse_on=["sample_only"], root=root)
    with pytest.raises(InvalidInputError, match="'anything'"):
        publish_release(inverted_run, "2000.1.2", parts, default=True, although_worse_on=["anything"], root=root)
    named = ["metaspace_predicted", "sample_only"]
    publish_release(inverted_run, "2000.1.2", parts, default=True, although_worse_on=named, root=root)
    release = open_release(root=root)
    assert release.version == "2000.1.2"
    assert release.manifest.provenance.default_although_worse_on == ("metaspace_predicted",)
    publish_release(run, "2000.1.3", parts, default=True, root=root)
    assert default_version(root) == "2000.1.3"


def test_a_version_is_published_once(root: Path, run: RunFolder) -> None:
    with pytest.raises(ReleaseError, match="exists"):
        publish_release(run, VERSION, ReleaseParts(), root=root)


def test_nothing_is_published_when_a_member_is_not_a_model(run: RunFolder, tmp_path: Path) -> None:
    broken = RunFolder(tmp_path / "run")
    broken.begin(run.settings())
    for member in (1, 2):
        broken.member_path(member).write_bytes(b"no model")
    with pytest.raises(InvalidInputError, match="member_1"):
        publish_release(broken, VERSION, ReleaseParts(), root=tmp_path / "releases")
    assert installed_versions(tmp_path / "releases") == []
    assert list((tmp_path / "releases").iterdir()) == []


def test_card_and_manifest_have_the_scores_on_the_set(root: Path) -> None:
    release = open_release(root=root)
    card = (release.folder / "model_card.md").read_text(encoding="utf-8")
    rows = release.manifest.figures
    assert [(row.data_set, row.images) for row in rows] == [("metaspace_predicted", 49)] * 2
    assert all(f"{row.correct} of {row.images}" in card for row in rows)
    assert "The sample masks come from METASPACE datasets" in card


def test_an_error_on_the_command_line_is_one_sentence_with_exit_status_1() -> None:
    command = [sys.executable, "-m", "training", "evaluate", "--release", "1900.1.1"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: ")
    assert "1900.1.1" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_an_existing_version_is_rejected_before_anything_else_is_read(root: Path, tmp_path: Path) -> None:
    """The run, missing here, is not read."""
    ended = run_training("publish", str(tmp_path / "none"), "--version", VERSION, "--releases-root", str(root))
    assert ended.returncode == 1
    assert "exists" in ended.stderr
    ended = run_training("publish", str(tmp_path / "none"), "--version", "../2000", "--releases-root", str(root))
    assert "version" in ended.stderr


def test_the_command_publishes_into_the_releases_folder_and_edits_no_file_of_the_repository(
    run: RunFolder, tmp_path: Path
) -> None:
    logged, packaged = LOG_PATH.read_bytes(), sorted(RELEASES_ROOT.iterdir())
    trial = ("--default", "--benchmark-images", "300")
    ended = run_training("publish", str(run.path), "--version", "2000.1.4", *trial, "--releases-root", str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    benchmark = open_release(root=tmp_path).manifest.benchmark
    assert benchmark is not None
    assert benchmark.images == 300
    assert "--log-evaluation" in ended.stdout
    assert default_version(tmp_path) == "2000.1.4"
    assert (LOG_PATH.read_bytes(), sorted(RELEASES_ROOT.iterdir())) == (logged, packaged)
    again = run_training("evaluate", "--set", "metaspace_predicted", "--releases-root", str(tmp_path))
    assert "release 2000.1.4" in again.stdout
    assert "over acquisitions" in again.stdout


def test_a_redescribed_release_keeps_its_predictions_and_gets_new_scores(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / VERSION, tmp_path / VERSION)
    before = open_release(VERSION, tmp_path)
    after, rows = redescribe_release(before, load_real_sets(["metaspace_predicted", "brain_interiors"]), None)
    assert {row.data_set for row in rows} == {"metaspace_predicted", "brain_interiors"}
    assert [row.data_set for row in after.manifest.figures] == [row.data_set for row in rows]
    assert after.manifest.members == before.manifest.members
    assert after.manifest.ensemble_onnx == before.manifest.ensemble_onnx
    assert after.manifest.threshold == before.manifest.threshold
    card = (after.folder / "model_card.md").read_text(encoding="utf-8")
    first = (root / VERSION / "model_card.md").read_text(encoding="utf-8")
    assert "brain_interiors" in card
    assert "brain_interiors" not in first
    for section in ("## Data", "## Recipe", "## Limits"):
        assert section_of(card, section) == section_of(first, section)
    assert [line for line in card.splitlines() if line.startswith("## ")] == [
        line for line in first.splitlines() if line.startswith("## ")
    ]
    assert [path.name for path in tmp_path.iterdir()] == [VERSION]


def test_the_front_matter_alone_is_rewritten_from_the_manifest(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / VERSION, tmp_path / VERSION)
    path = tmp_path / VERSION / "model_card.md"
    before, card = open_release(VERSION, tmp_path), path.read_text(encoding="utf-8")
    path.write_text(skip_front_matter(card), encoding="utf-8")
    without = before.manifest.model_copy(update={"model_card": describe_file(path)})
    (tmp_path / VERSION / "manifest.json").write_text(without.model_dump_json(), encoding="utf-8")

    run_training("describe", VERSION, "--front-matter", "--releases-root", str(tmp_path))

    assert path.read_text(encoding="utf-8") == card
    assert open_release(VERSION, tmp_path).manifest == before.manifest


def section_of(card: str, heading: str) -> str:
    return card.partition(heading)[2].partition("\n## ")[0].strip()
