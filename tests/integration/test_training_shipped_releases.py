"""The releases in model_store match their manifests and cards."""

import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from training_commands import run_training

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine
from model_store.reference import reference_path
from model_store.release import RELEASES_ROOT, Release, installed_versions, open_release
from shared.errors import ReleaseError
from shared.preprocessing import ALL_CHANNELS, NETWORK_CHANNELS, preprocess
from training.acquisitions.reference_data import load_reference_data
from training.fit.context_inputs import with_context, without_context
from training.fit.recipe import LABEL_ORDER
from training.metrics.border_centre import RULE_NAME
from training.real_sets import load_real_sets
from training.release.ensemble_graph import require_agreement
from training.release.front_matter import add_front_matter, skip_front_matter
from training.release.reference import ReferenceData, make_reference
from training.release.release_scores import evaluate_release

# TensorFlow's variables predate NumPy 2's copy keyword; Keras meets that whenever it saves or loads weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

DEVELOPMENT = "metaspace_predicted"


MOST_BYTES = {"ensemble": 16 * 2**20, "context": 32 * 2**20, "area": 28 * 2**20}


@pytest.fixture(scope="module", params=installed_versions())
def release(request: pytest.FixtureRequest) -> Release:
    return open_release(request.param)


def test_its_graph_agrees_with_its_members_on_real_images(release: Release) -> None:
    members = [keras.saving.load_model(path) for path in release.member_paths]
    (development,) = load_real_sets([DEVELOPMENT])
    require_agreement(members, release.onnx_path, with_context(development, release.manifest))
    alone, channels = release.manifest.image_members, len(release.manifest.input.channels)
    assert [member.input_shape[-1] for member in members] == [
        *([min(channels, len(ALL_CHANNELS))] * alone),
        *([len(NETWORK_CHANNELS)] * release.manifest.context_members),
    ]
    for member in members:
        assert member.count_params() == 378_226 + 144 * (member.input_shape[-1] - 1)
    assert not any(member.compiled for member in members)


def test_its_label_order_is_that_of_training(release: Release) -> None:
    assert release.manifest.label_order == LABEL_ORDER


def test_its_scores_on_the_development_set_are_reproduced(release: Release) -> None:
    stated = [row for row in release.manifest.figures if row.data_set == DEVELOPMENT]
    again = evaluate_release(release, load_real_sets([DEVELOPMENT]))
    assert [(row.predictor, row.correct, row.images) for row in stated] == [
        (row.predictor, row.correct, row.images) for row in again
    ]
    assert [row.auc for row in stated] == pytest.approx([row.auc for row in again])


def test_its_reference_is_reproduced(release: Release) -> None:
    """`python -m training reference VERSION` wrote it; the slowest of its datasets are left out here."""
    stated = release.find_reference()
    assert stated is not None
    few = ReferenceData("", [one for one in load_reference_data().datasets if len(one.ion_images) < 60])
    again = make_reference(release, few)
    assert again is not None
    profiles = {one.name: one.profile for one in stated.datasets}
    assert len(again.datasets) > 10
    for one in again.datasets:
        expected = profiles[one.name]
        assert one.profile.model_dump(exclude={"probability_quantiles"}) == pytest.approx(
            expected.model_dump(exclude={"probability_quantiles"}), abs=1e-4
        )
        assert one.profile.probability_quantiles == pytest.approx(expected.probability_quantiles, abs=1e-4)


def test_the_command_writes_the_reference_beside_the_release(tmp_path: Path) -> None:
    (tmp_path / "2026.11.3").symlink_to(RELEASES_ROOT / "2026.11.3")
    ended = run_training("reference", "2026.11.3", "--releases-root", str(tmp_path))
    assert (ended.returncode, "21 datasets" in ended.stdout) == (0, True)
    written, shipped = open_release("2026.11.3", tmp_path).find_reference(), open_release("2026.11.3").find_reference()
    assert written is not None
    assert shipped is not None
    assert (written.release, written.data) == (shipped.release, shipped.data)
    assert [one.name for one in written.datasets] == [one.name for one in shipped.datasets]


def test_a_reference_beside_a_release_is_of_its_networks(tmp_path: Path) -> None:
    release = open_release()
    folder = tmp_path / release.version
    folder.symlink_to(release.folder)
    path = reference_path(tmp_path, release.version)
    path.parent.mkdir()
    shutil.copy(reference_path(release.folder.parent, "2026.11.3"), path)
    with pytest.raises(ReleaseError, match="is of release"):
        replace(release, folder=folder).find_reference()
    path.write_text("{}")
    with pytest.raises(ReleaseError, match="not a valid reference"):
        replace(release, folder=folder).find_reference()
    path.unlink()
    assert replace(release, folder=folder).find_reference() is None


def test_the_first_line_of_its_card_names_every_set_on_which_the_rule_is_not_beaten(release: Release) -> None:
    card = (release.folder / "model_card.md").read_text(encoding="utf-8")
    first_line = skip_front_matter(card).splitlines()[0]
    both = [row for row in release.manifest.figures if row.auc is not None]
    rules = {row.data_set: row.auc for row in both if row.predictor == RULE_NAME}
    ours = {row.data_set: row.auc for row in both if row.predictor != RULE_NAME}
    for name, auc in ours.items():
        assert (f"{name} (" in first_line) == (auc <= rules[name])


def test_the_head_of_its_card_is_that_of_its_manifest(release: Release) -> None:
    card = (release.folder / "model_card.md").read_text(encoding="utf-8")
    assert card == add_front_matter(card, release.manifest)


def test_it_is_not_larger_than_expected(release: Release) -> None:
    assert sum(path.stat().st_size for path in release.folder.iterdir()) < MOST_BYTES[release.manifest.kind]


def test_a_context_release_predicts_images_without_context_as_its_plain_release_does() -> None:
    found = open_release("2026.11.3-context")
    (development,) = load_real_sets([DEVELOPMENT])
    inputs = preprocess(development.ion_images)
    plain, context = (open_predictor(one, Engine.ONNX) for one in (open_release("2026.11.3"), found))
    np.testing.assert_allclose(
        context.predict(without_context(inputs, found.manifest)).off_sample_probability,
        plain.predict(inputs).off_sample_probability,
        atol=1e-6,
    )
