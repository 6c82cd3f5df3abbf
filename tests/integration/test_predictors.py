"""Both predictors agree for any number of images, and follow the label order of the manifest."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from model_store.manifest import Manifest
from model_store.opening import choose_engine, open_predictor, visible_gpus
from model_store.predictors.onnx import OnnxPredictor
from model_store.predictors.predictor import Engine, Predictor, average_members
from model_store.release import Release
from shared.errors import ReleaseError
from shared.limits import Limits
from shared.png.image import decode_png
from shared.preprocessing import NetworkInputs, preprocess
from worker.cli.demo import DEMO_DATASET

# TensorFlow's variables predate NumPy 2's copy keyword; Keras meets that whenever it loads weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


@pytest.fixture(scope="module")
def tensorflow(plain_release: Release) -> Predictor:
    """The reference, on the CPU where there is no GPU."""
    return open_predictor(plain_release, Engine.TENSORFLOW)


@pytest.fixture(scope="module")
def bladder() -> NetworkInputs:
    paths = sorted((DEMO_DATASET / "ion_images").iterdir())
    return preprocess([decode_png(path.read_bytes(), Limits()) for path in paths])


def make_random_inputs(count: int) -> NetworkInputs:
    return np.random.default_rng(count).random((count, 56, 56, 2), dtype=np.float32)


def with_label_order(release: Release, order: list[str]) -> Release:
    content = json.loads(release.manifest.model_dump_json()) | {"label_order": order}
    return Release(release.folder, Manifest.model_validate_json(json.dumps(content)))


def with_graph(release: Release, folder: Path, outputs: list[list[float]]) -> Release:
    """The release with another graph, which gives the same outputs for every image."""
    flatten = helper.make_node("Flatten", ["images"], ["flat"])
    nothing = helper.make_node("ReduceMin", ["flat"], ["least"], keepdims=1)
    zero = helper.make_node("Sub", ["least", "least"], ["zero"])
    shaped = helper.make_node("Reshape", ["zero", "shape"], ["shaped"])
    add = helper.make_node("Add", ["shaped", "constant"], ["outputs"])
    members, labels = np.shape(outputs)
    graph = helper.make_graph(
        [flatten, nothing, zero, shaped, add],
        "constant",
        [
            helper.make_tensor_value_info(
                "images", onnx.TensorProto.FLOAT, ["N", 56, 56, len(release.manifest.input.channels)]
            )
        ],
        [helper.make_tensor_value_info("outputs", onnx.TensorProto.FLOAT, [1, members, labels])],
        [
            helper.make_tensor("shape", onnx.TensorProto.INT64, [3], [1, 1, 1]),
            helper.make_tensor("constant", onnx.TensorProto.FLOAT, [1, members, labels], np.ravel(outputs).tolist()),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / release.manifest.ensemble_onnx.name)
    return Release(folder, release.manifest)


@pytest.mark.parametrize("count", [1, 63, 64, 65, 257])
def test_onnx_and_tensorflow_agree_on_random_inputs(predictor: Predictor, tensorflow: Predictor, count: int) -> None:
    inputs = make_random_inputs(count)
    fast, reference = predictor.predict(inputs), tensorflow.predict(inputs)
    assert fast.off_sample_probability.shape == fast.member_spread.shape == (count,)
    np.testing.assert_allclose(fast.off_sample_probability, reference.off_sample_probability, atol=1e-5)
    np.testing.assert_allclose(fast.member_spread, reference.member_spread, atol=1e-5)


def test_onnx_and_tensorflow_agree_on_the_bladder(
    predictor: Predictor, tensorflow: Predictor, bladder: NetworkInputs
) -> None:
    fast, reference = predictor.predict(bladder), tensorflow.predict(bladder)
    np.testing.assert_allclose(fast.off_sample_probability, reference.off_sample_probability, atol=1e-5)
    np.testing.assert_allclose(fast.member_spread, reference.member_spread, atol=1e-5)
    assert np.ptp(fast.off_sample_probability) > 0.5


def test_gpus_compute_with_all_bits_of_float32(tensorflow: Predictor) -> None:
    import tensorflow as tf  # noqa: PLC0415 - as late as the engine imports it

    assert tensorflow.engine is Engine.TENSORFLOW
    assert not tf.config.experimental.tensor_float_32_execution_enabled()


@pytest.mark.parametrize("engine", [Engine.ONNX, Engine.TENSORFLOW])
def test_no_images_give_no_probabilities(predictor: Predictor, tensorflow: Predictor, engine: Engine) -> None:
    chosen = {Engine.ONNX: predictor, Engine.TENSORFLOW: tensorflow}[engine]
    found = chosen.predict(make_random_inputs(0))
    assert found.off_sample_probability.shape == found.member_spread.shape == (0,)


@pytest.mark.parametrize("engine", [Engine.ONNX, Engine.TENSORFLOW])
def test_an_image_gets_the_same_prediction_alone_and_in_any_batch(
    predictor: Predictor, tensorflow: Predictor, engine: Engine
) -> None:
    chosen = {Engine.ONNX: predictor, Engine.TENSORFLOW: tensorflow}[engine]
    inputs = make_random_inputs(130)
    together = chosen.predict(inputs).off_sample_probability
    for row in (0, 63, 64, 129):
        alone = chosen.predict(inputs[row : row + 1]).off_sample_probability
        np.testing.assert_allclose(alone, together[row], atol=1e-6)


@pytest.mark.parametrize("engine", [Engine.ONNX, Engine.TENSORFLOW])
def test_the_label_order_of_the_manifest_decides_which_output_is_off(
    plain_release: Release, engine: Engine, bladder: NetworkInputs
) -> None:
    order = list(plain_release.manifest.label_order)
    expected, swapped = (
        open_predictor(with_label_order(plain_release, found), engine).predict(bladder[:9]).off_sample_probability
        for found in (order, order[::-1])
    )
    np.testing.assert_allclose(swapped, 1 - expected, atol=1e-5)
    assert np.abs(swapped - expected).max() > 0.1


def test_probability_and_spread_are_mean_and_deviation_over_the_members() -> None:
    outputs = np.array([[[0.9, 0.1], [0.7, 0.3]], [[0.0, 1.0], [0.0, 1.0]]], np.float32)
    found = average_members(outputs, off_index=1)
    np.testing.assert_allclose(found.off_sample_probability, [0.2, 1], atol=1e-6)
    np.testing.assert_allclose(found.member_spread, [0.1, 0], atol=1e-6)


@pytest.mark.parametrize("pair", [[np.nan, 1.0], [0.5, 0.6], [-0.1, 1.1], [np.inf, 0.0]])
def test_outputs_that_are_not_probabilities_are_refused(pair: list[float]) -> None:
    with pytest.raises(ReleaseError, match="probabilities"):
        average_members(np.array([[pair]], np.float32), off_index=0)


def test_a_graph_with_other_output_shapes_is_refused_on_opening(plain_release: Release, tmp_path: Path) -> None:
    """One member's outputs would silently be broadcast to five."""
    for outputs in ([[0.5, 0.5]], [[0.5, 0.5]] * 4, [[0.2, 0.2, 0.6]] * 5):
        with pytest.raises(ReleaseError, match="shape"):
            open_predictor(with_graph(plain_release, tmp_path, outputs), Engine.ONNX)
    assert open_predictor(with_graph(plain_release, tmp_path, [[0.5, 0.5]] * 5), Engine.ONNX).engine is Engine.ONNX


def test_an_invalid_graph_is_named_in_the_error(plain_release: Release, tmp_path: Path) -> None:
    (tmp_path / "ensemble.onnx").write_bytes(b"no graph")
    with pytest.raises(ReleaseError, match=r"ensemble\.onnx"):
        OnnxPredictor(Release(tmp_path, plain_release.manifest))


def test_invalid_members_are_a_release_error(plain_release: Release, tmp_path: Path) -> None:
    for path in plain_release.member_paths:
        (tmp_path / path.name).write_bytes(b"no model")
    with pytest.raises(ReleaseError, match="members"):
        open_predictor(Release(tmp_path, plain_release.manifest), Engine.TENSORFLOW)


@pytest.mark.parametrize(
    ("visible", "engine"),
    [("", Engine.ONNX), ("-1", Engine.ONNX), ("0", Engine.TENSORFLOW), ("0,1", Engine.TENSORFLOW)],
)
def test_auto_is_tensorflow_where_a_gpu_may_be_used(
    monkeypatch: pytest.MonkeyPatch, visible: str, engine: Engine
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert choose_engine(Engine.AUTO) is engine
    assert choose_engine(Engine.ONNX) is Engine.ONNX


def test_visible_gpus_have_the_names_of_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,GPU-abc, 2")
    assert len(visible_gpus()) == 3
