"""A context release from fit to rows: every image is predicted together with its dataset."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from context_making import BLADDER, classify_all, probabilities, see_bladder
from live_service import BLADDER as PNG_BLADDER
from live_service import make_event, open_service

from model_store.context.dataset_context import add_context, find_context
from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine, Predictor
from model_store.release import Release
from shared.errors import InvalidInputError
from shared.ion_image import make_ion_image
from shared.png.image import encode_png

# TensorFlow's variables lack NumPy 2's copy keyword, which Keras uses whenever it saves or loads weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


@pytest.fixture(scope="module")
def in_context(context_release: Release) -> Predictor:
    return open_predictor(context_release, Engine.ONNX)


def test_the_release_states_its_kind_and_its_channels(context_release: Release, in_context: Predictor) -> None:
    manifest = context_release.manifest
    assert (manifest.kind, manifest.uses_context) == ("context", True)
    assert manifest.input.channels == ("ion_image", "acquisition_mask", "mean_ion_image", "sample_mask")
    with pytest.raises(InvalidInputError, match="channels"):
        in_context.predict(np.zeros((1, 56, 56, 2), dtype=np.float32))


def test_rows_are_predicted_with_the_context_of_all_images(in_context: Predictor) -> None:
    found = classify_all(BLADDER, in_context)
    inputs = see_bladder(context=False)[..., :2]
    context = find_context(inputs)
    assert context is not None
    expected = in_context.predict(add_context(inputs, context)).off_sample_probability
    np.testing.assert_allclose(probabilities(found), expected, atol=1e-6)
    assert found.off_sample_area == context.off_sample_area == "present"
    alone = in_context.predict(add_context(inputs, None)).off_sample_probability
    assert np.abs(alone - expected).max() > 1e-4


def test_loose_images_are_predicted_without_context(in_context: Predictor) -> None:
    found = classify_all(BLADDER, in_context, one_shape=False, loose=True)
    expected = in_context.predict(see_bladder(context=False)).off_sample_probability
    np.testing.assert_allclose(probabilities(found), expected, atol=1e-6)
    assert found.off_sample_area is None


def test_images_of_another_shape_do_not_affect_the_others(png_folder: Path, in_context: Predictor) -> None:
    before = classify_all(png_folder, in_context)
    (png_folder / "a_broken.png").write_bytes(b"no image")
    (png_folder / "b_zero.png").write_bytes(encode_png(make_ion_image(np.zeros((20, 30)))))
    odd = np.random.default_rng(0).random((31, 20))
    (png_folder / "c_odd.png").write_bytes(encode_png(make_ion_image(odd)))
    after = classify_all(png_folder, in_context)
    assert [row.status for row in after.rows[:3]] == ["unreadable", "no_signal", "unreadable"]
    np.testing.assert_allclose(probabilities(after), probabilities(before), atol=1e-6)
    assert after.off_sample_area == before.off_sample_area


def test_images_of_several_accepted_shapes_have_no_context(png_folder: Path, in_context: Predictor) -> None:
    (png_folder / "odd.png").write_bytes(encode_png(make_ion_image(np.random.default_rng(0).random((31, 20)))))
    found = classify_all(png_folder, in_context, one_shape=False)
    assert {row.status for row in found.rows} == {"classified"}
    assert found.off_sample_area is None


def test_an_empty_dataset_is_not_an_error_with_context(tmp_path: Path, in_context: Predictor) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    found = classify_all(tmp_path, in_context)
    assert [row.status for row in found.rows] == ["unreadable"]
    assert found.off_sample_area is None


def test_a_plain_release_does_not_predict_the_off_sample_area(predictor: Predictor, png_folder: Path) -> None:
    assert classify_all(png_folder, predictor).off_sample_area is None


@pytest.fixture
def installed(context_release: Release, plain_release: Release, tmp_path: Path) -> Path:
    """A folder with the plain release as default and the context release."""
    root = tmp_path / "installed"
    for one in (plain_release, context_release):
        shutil.copytree(one.folder, root / one.version)
    (root / "DEFAULT").write_text(f"{plain_release.version}\n", encoding="ascii")
    return root


def test_the_answer_of_a_pinned_context_release_has_the_off_sample_area(installed: Path) -> None:
    with open_service({"OFFSAMPLE_RELEASES_ROOT": str(installed)}) as service:
        service.start_worker()
        events = (make_event(), make_event(release="2000.1.1-context"))
        for event in events:
            service.send(event)
        plain, pinned = (service.wait_for_closing(event["id"])["data"] for event in events)
    assert (plain["release"], plain["off_sample_area"]) != (pinned["release"], pinned["off_sample_area"])
    assert plain["off_sample_area"] is None
    assert (pinned["release"], pinned["off_sample_area"]) == ("2000.1.1-context", "present")
    assert plain["counts"]["classified"] == pinned["counts"]["classified"] == 79


def test_the_command_line_uses_a_context_release_by_name(installed: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "worker.cli.main", "classify", str(PNG_BLADDER), "--release", "2000.1.1-context"],
        env=os.environ | {"OFFSAMPLE_RELEASES_ROOT": str(installed)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert "background was measured beside the sample (release 2000.1.1-context)" in ended.stderr
