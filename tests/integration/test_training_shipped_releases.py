"""The releases in model_store match their manifests and cards."""

import keras
import numpy as np
import pytest

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine
from model_store.release import Release, installed_versions, open_release
from shared.preprocessing import ALL_CHANNELS, NETWORK_CHANNELS, preprocess
from training.fit.context_inputs import with_context, without_context
from training.fit.network import LABEL_ORDER
from training.metrics.border_centre import RULE_NAME
from training.real_sets import load_real_sets
from training.release.ensemble_graph import require_agreement
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


def test_the_first_line_of_its_card_names_every_set_on_which_the_rule_is_not_beaten(release: Release) -> None:
    first_line = (release.folder / "model_card.md").read_text(encoding="utf-8").splitlines()[0]
    both = [row for row in release.manifest.figures if row.auc is not None]
    rules = {row.data_set: row.auc for row in both if row.predictor == RULE_NAME}
    ours = {row.data_set: row.auc for row in both if row.predictor != RULE_NAME}
    for name, auc in ours.items():
        assert (f"{name} (" in first_line) == (auc <= rules[name])


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
