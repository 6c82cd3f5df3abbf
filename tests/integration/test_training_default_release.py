"""The default release in model_store is what its manifest and its card say."""

import keras
import pytest

from model_store.release import Release, open_release
from shared.preprocessing import preprocess
from training.ensemble_graph import require_agreement
from training.evaluate import RULE_NAME, evaluate_release
from training.network import LABEL_ORDER
from training.real_sets import load_real_sets

# TensorFlow's variables predate NumPy 2's copy keyword; Keras meets that whenever it saves or loads weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

DEVELOPMENT = "metaspace_predicted"


@pytest.fixture(scope="module")
def release() -> Release:
    return open_release()


def test_its_graph_agrees_with_its_members_on_real_images(release: Release) -> None:
    members = [keras.saving.load_model(path) for path in release.member_paths]
    (development,) = load_real_sets([DEVELOPMENT])
    require_agreement(members, release.onnx_path, preprocess(development.ion_images))
    assert {member.count_params() for member in members} == {378_226 + 144 * (len(release.manifest.input.channels) - 1)}
    assert not any(member.compiled for member in members)


def test_its_label_order_is_the_one_it_was_trained_in(release: Release) -> None:
    assert release.manifest.label_order == LABEL_ORDER


def test_its_figures_on_the_development_set_come_out_again(release: Release) -> None:
    stated = [row for row in release.manifest.figures if row.data_set == DEVELOPMENT]
    again = evaluate_release(release, load_real_sets([DEVELOPMENT]))
    assert [(row.predictor, row.right, row.images) for row in stated] == [
        (row.predictor, row.right, row.images) for row in again
    ]
    assert [row.auc for row in stated] == pytest.approx([row.auc for row in again])


def test_its_cards_first_line_names_every_set_on_which_the_rule_is_not_beaten(release: Release) -> None:
    first_line = (release.folder / "model_card.md").read_text(encoding="utf-8").splitlines()[0]
    both = [row for row in release.manifest.figures if row.auc is not None]
    rules = {row.data_set: row.auc for row in both if row.predictor == RULE_NAME}
    ours = {row.data_set: row.auc for row in both if row.predictor != RULE_NAME}
    for name, auc in ours.items():
        assert (f"{name} (" in first_line) == (auc <= rules[name])


def test_it_is_smaller_than_16_mebibytes(release: Release) -> None:
    assert sum(path.stat().st_size for path in release.folder.iterdir()) < 16 * 2**20
