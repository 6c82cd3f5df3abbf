"""Image members together with context members, averaged or blended."""

import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from context_making import BLADDER, classify_all, make_blend, probabilities, see_bladder
from scipy.special import expit, logit

from model_store.context.blend_features import FEATURES, measure_features
from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine
from model_store.release import Release, read_blend, verify_release
from shared.errors import InvalidInputError, ReleaseError
from training.fit.run_folder import RunFolder
from training.release.decision import Decision
from training.release.publish import publish_release
from training.release.release_manifest import ReleaseParts

# TensorFlow's variables lack NumPy 2's copy keyword, which Keras uses whenever it saves or loads weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


@pytest.fixture(scope="module")
def joined(context_run: RunFolder, plain_release: Release, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The members of the plain release that ships, and one that uses the context."""
    root = tmp_path_factory.mktemp("joined")
    return publish_release(context_run, "2000.1.3-context", ReleaseParts(plain=plain_release), root=root)[0]


@pytest.mark.parametrize("engine", [Engine.ONNX, Engine.TENSORFLOW])
def test_image_and_context_members_are_averaged_and_without_context_the_plain_release_predicts(
    joined: Release, plain_release: Release, context_release: Release, engine: Engine
) -> None:
    manifest = joined.manifest
    assert (len(manifest.members), manifest.image_members, manifest.context_members) == (6, 5, 1)
    both, plain = open_predictor(joined, engine), open_predictor(plain_release, Engine.ONNX)
    alone, within = see_bladder(context=False), see_bladder(context=True)
    without, found = plain.predict(alone), both.predict(alone)
    np.testing.assert_allclose(found.off_sample_probability, without.off_sample_probability, atol=1e-5)
    np.testing.assert_allclose(found.member_spread, without.member_spread, atol=1e-5)
    third = open_predictor(context_release, Engine.ONNX).predict(within).off_sample_probability
    raw = expit(logit(without.off_sample_probability.astype(np.float64)) * manifest.temperature)
    expected = expit(logit((5 * raw + third) / 6) / manifest.temperature)
    found = both.predict(within)
    np.testing.assert_allclose(found.off_sample_probability, expected, atol=1e-4)
    assert both.predict(within[:0]).off_sample_probability.shape == (0,)
    mixed = both.predict(np.concatenate([alone[:3], within[3:]])).off_sample_probability
    np.testing.assert_allclose(mixed[:3], without.off_sample_probability[:3], atol=1e-5)
    np.testing.assert_allclose(mixed[3:], found.off_sample_probability[3:], atol=1e-5)


def test_a_joined_release_has_the_threshold_of_the_plain_one_and_its_card_states_it(
    joined: Release, plain_release: Release
) -> None:
    assert joined.manifest.uncertain_band == plain_release.manifest.uncertain_band
    assert joined.manifest.temperature == plain_release.manifest.temperature
    card = " ".join((joined.folder / "model_card.md").read_text(encoding="utf-8").split())
    assert f"It also has the 5 members of release {plain_release.version}" in card
    assert f"The members of release {plain_release.version} alone classify an image without context" in card
    assert "in context not calibrated" in card
    assert joined.manifest.provenance.command.endswith(f"--plain {plain_release.version}")


BLEND = make_blend(correlation=2.0)


@pytest.fixture(scope="module")
def blending(context_run: RunFolder, plain_release: Release, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The same members with a blend of one feature."""
    parts = ReleaseParts(blend=BLEND, plain=plain_release)
    return publish_release(context_run, "2000.1.2-context", parts, root=tmp_path_factory.mktemp("blending"))[0]


def test_a_blend_weights_networks_by_mask_and_does_not_change_images_without_context(
    blending: Release, plain_release: Release
) -> None:
    assert blending.blend == BLEND
    assert blending.manifest.uncertain_band == (0.1, 0.9)
    assert "## Blend" in (blending.folder / "model_card.md").read_text(encoding="utf-8")
    seen, alone = see_bladder(context=True), see_bladder(context=False)
    correlation = measure_features(seen)[:, FEATURES.index("correlation")]
    plain = open_predictor(plain_release, Engine.ONNX).predict(alone).off_sample_probability
    for engine in (Engine.ONNX, Engine.TENSORFLOW):
        blended = open_predictor(blending, engine)
        found = blended.predict(seen).off_sample_probability
        np.testing.assert_allclose(found, expit(2 * correlation), atol=1e-5)
        np.testing.assert_allclose(blended.predict(alone).off_sample_probability, plain, atol=1e-5)
        assert blended.predict(seen[:0]).off_sample_probability.shape == (0,)
    rows = classify_all(BLADDER, open_predictor(blending, Engine.ONNX))
    np.testing.assert_allclose(probabilities(rows), expit(2 * correlation), atol=1e-5)


def test_a_blend_uses_the_unchanged_outputs_of_image_and_context_members(blending: Release) -> None:
    """When the other has weight 0, the result is the mean of one, without temperature."""
    seen = see_bladder(context=True)
    networks = {"network": slice(0, 5), "context_network": slice(5, 6)}
    for name, members in networks.items():
        alone = replace(blending, blend=make_blend(**{name: 1.0}))
        outputs = [keras.saving.load_model(path, compile=False) for path in alone.member_paths[members]]
        off = [np.asarray(one(seen[..., : one.input_shape[-1]], training=False))[:, 1] for one in outputs]
        actual = open_predictor(alone, Engine.ONNX).predict(seen).off_sample_probability
        np.testing.assert_allclose(actual, np.mean(off, axis=0), atol=1e-4)


def test_a_blend_needs_image_members_and_a_plain_release_no_context(
    context_run: RunFolder, context_release: Release, plain_release: Release, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInputError, match="blend"):
        publish_release(context_run, "2000.1.4", ReleaseParts(blend=make_blend()), root=tmp_path)
    with pytest.raises(InvalidInputError, match="plain release"):
        publish_release(context_run, "2000.1.4", ReleaseParts(plain=context_release), root=tmp_path)
    decided = Decision(0.5, None, 1.5, "by this test", "")
    with pytest.raises(InvalidInputError, match="cross-validation"):
        publish_release(context_run, "2000.1.4", ReleaseParts(plain=plain_release, decision=decided), root=tmp_path)
    turned = replace(plain_release, manifest=plain_release.manifest.model_copy(update={"label_order": ("off", "on")}))
    with pytest.raises(InvalidInputError, match="label order"):
        publish_release(context_run, "2000.1.4", ReleaseParts(plain=turned), root=tmp_path)


def test_a_blend_of_other_members_or_an_altered_blend_is_a_release_error(blending: Release, tmp_path: Path) -> None:
    folder = tmp_path / blending.version
    shutil.copytree(blending.folder, folder)
    path = folder / "blend.json"
    sound = path.read_text(encoding="utf-8")
    path.write_text(sound.replace("correlation", "chemistry"), encoding="utf-8")
    with pytest.raises(ReleaseError, match=r"blend\.json"):
        verify_release(folder)
    with pytest.raises(ReleaseError, match=r"blend\.json"):
        read_blend(path)
