"""A release of kind `area`: the dataset's own verdict decides which networks label its ions."""

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
from area_making import DATASETS, MEMBERS, decide_with, make_area_release, make_decision
from context_making import BLADDER, classify_all, probabilities, see_bladder
from scipy.special import expit

from model_store.area.borders import measure_depth
from model_store.area.dataset_prediction import DatasetPrediction, predict_alike, predict_dataset
from model_store.area.graphs import take_parts
from model_store.area.keras_networks import KerasAreaNetworks
from model_store.area.reading import MOST_READ, read_area
from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine, Predictor
from model_store.release import Release, verify_release
from shared.errors import ReleaseError
from shared.ion_image import make_ion_image
from shared.png.image import encode_png
from shared.preprocessing import NetworkInputs
from training.area.graph_files import name_area_members, require_same_reading

# TensorFlow's variables lack NumPy 2's copy keyword, which Keras uses whenever it saves or loads weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


@pytest.fixture(scope="module")
def area_release(plain_release: Release, tmp_path_factory: pytest.TempPathFactory) -> Release:
    return make_area_release(plain_release, tmp_path_factory.mktemp("area"))


@pytest.fixture
def deciding(area_release: Release) -> Iterator[Release]:
    """The release, whose decision a test may change; it is as before afterwards."""
    yield area_release
    decide_with(area_release.folder, area_release.manifest, make_decision())


@pytest.fixture(scope="module")
def bladder() -> NetworkInputs:
    return see_bladder(context=False)[..., :2]


def open_with(release: Release, verdict: str, engine: Engine = Engine.ONNX) -> Predictor:
    return open_predictor(decide_with(release.folder, release.manifest, make_decision(verdict)), engine)


def predict(predictor: Predictor, inputs: NetworkInputs, batch: int = 128) -> DatasetPrediction:
    found = predict_dataset(
        predictor, lambda: [inputs[start : start + batch] for start in range(0, len(inputs), batch)]
    )
    assert found is not None
    return found


@pytest.fixture(scope="module")
def fitted(area_release: Release) -> list[keras.Model]:
    """The networks as they were fitted."""
    paths = [area_release.folder / name for name in name_area_members(MEMBERS)]
    return [keras.saving.load_model(path, compile=False) for path in paths]


def test_a_release_reads_a_dataset_as_its_networks_do_while_they_are_fitted(
    area_release: Release, fitted: list[keras.Model], bladder: NetworkInputs
) -> None:
    """Some images lack a part of what the others show, and batches differ in size."""
    inputs = bladder[:20].copy()
    inputs[:12, :14] = 0
    inputs[13:, :, :6] = 0
    inputs[:, :, 50:] = 0
    acquired = inputs[..., 1].max(axis=0)
    borders = np.stack([acquired, measure_depth(acquired)], axis=-1)
    pixels = np.concatenate([inputs[..., :1], np.broadcast_to(borders, (len(inputs), 56, 56, 2))], axis=-1)
    empty = np.ones((DATASETS - 1, 56, 56, 2), dtype=np.float32)
    given = {
        "pixels": pixels,
        "dataset": np.zeros(len(inputs), dtype=np.int32),
        "borders": np.concatenate([borders[np.newaxis], empty]),
    }
    networks = open_with(area_release, "unclear").area_networks
    assert networks is not None
    reading = read_area(networks, lambda: [inputs[:13], inputs[13:]])
    assert reading is not None
    expected = [{name: np.asarray(value) for name, value in one(given, training=False).items()} for one in fitted]
    for number, one in enumerate(expected):
        assert expit(reading.area_logits[number]) == pytest.approx(one["area"][0, 0], abs=1e-5)
        assert expit(reading.context_logits[number]) == pytest.approx(one["guess"][0, 0], abs=1e-5)
        np.testing.assert_allclose(expit(reading.off_logits[:, number]), one["conditional"][:, 0], atol=1e-5)
    mask = np.mean([one["sample_mask"][0, ..., 0] for one in expected], axis=0)
    np.testing.assert_allclose(reading.sample_mask, mask, atol=1e-5)


def test_graphs_that_differ_from_their_networks_are_refused(fitted: list[keras.Model], bladder: NetworkInputs) -> None:
    one, other = (KerasAreaNetworks([take_parts(member)]) for member in fitted)
    assert require_same_reading(one, one, bladder[:3]) == 0
    with pytest.raises(ReleaseError, match="agree"):
        require_same_reading(one, other, bladder[:3])


def test_streamed_equals_direct(deciding: Release, bladder: NetworkInputs) -> None:
    predictor = open_with(deciding, "present")
    direct, streamed = predict(predictor, bladder, 1000), predict(predictor, bladder, 7)
    np.testing.assert_allclose(streamed.ions.off_sample_probability, direct.ions.off_sample_probability, atol=1e-5)
    assert streamed.area_probability == pytest.approx(direct.area_probability, abs=1e-5)
    np.testing.assert_allclose(streamed.sample_mask, direct.sample_mask, atol=1e-5)


@pytest.mark.parametrize("verdict", ["present", "absent"])
def test_both_engines_agree(deciding: Release, bladder: NetworkInputs, verdict: str) -> None:
    engines = [open_with(deciding, verdict, engine) for engine in (Engine.ONNX, Engine.TENSORFLOW)]
    for ions in (1, 30):
        one, other = (predict(engine, bladder[:ions]) for engine in engines)
        assert one.area_probability == pytest.approx(other.area_probability, abs=1e-5)
        np.testing.assert_allclose(one.ions.off_sample_probability, other.ions.off_sample_probability, atol=1e-5)
        np.testing.assert_allclose(one.ions.member_spread, other.ions.member_spread, atol=1e-5)


def test_a_further_image_is_predicted_as_if_it_had_been_one_of_the_dataset(
    deciding: Release, bladder: NetworkInputs
) -> None:
    for verdict in ("present", "absent", "unclear"):
        predictor = open_with(deciding, verdict)
        found = predict(predictor, bladder)
        again = predict_alike(predictor, found, bladder[5:9])
        np.testing.assert_allclose(again.off_sample_probability, found.ions.off_sample_probability[5:9], atol=1e-5)


def test_the_order_of_the_ions_does_not_matter(deciding: Release, bladder: NetworkInputs) -> None:
    predictor = open_with(deciding, "present")
    order = np.random.default_rng(0).permutation(len(bladder))
    one, other = predict(predictor, bladder), predict(predictor, bladder[order])
    np.testing.assert_allclose(one.ions.off_sample_probability[order], other.ions.off_sample_probability, atol=1e-5)


def test_of_many_ions_evenly_spread_ones_decide_about_the_area_and_all_are_predicted(deciding: Release) -> None:
    predictor = open_with(deciding, "present")
    inputs = np.random.default_rng(0).random((MOST_READ + 100, 56, 56, 2), dtype=np.float32)
    inputs[..., 1] = 1
    found = predict(predictor, inputs)
    read = inputs[np.arange(MOST_READ) * len(inputs) // MOST_READ]
    part = predict(predictor, read)
    assert found.area_probability == pytest.approx(part.area_probability, abs=1e-5)
    np.testing.assert_allclose(
        found.ions.off_sample_probability, predict_alike(predictor, part, inputs).off_sample_probability, atol=1e-5
    )


def test_an_unclear_area_gives_the_plain_probability_and_makes_off_sample_labels_uncertain(
    deciding: Release, plain_release: Release
) -> None:
    found = classify_all(BLADDER, open_with(deciding, "unclear"))
    plain = classify_all(BLADDER, open_predictor(plain_release, Engine.ONNX))
    np.testing.assert_allclose(probabilities(found), probabilities(plain), atol=1e-6)
    assert [row.label for row in found.rows] == [row.label for row in plain.rows]
    assert all(row.uncertain for row in found.rows if row.label == "off")
    assert not all(row.uncertain for row in found.rows if row.label == "on")
    assert found.off_sample_area == "unclear"
    assert "unclear_background" in found.assessment


def test_an_absent_area_makes_every_ion_on_sample_and_says_why(deciding: Release) -> None:
    decision = make_decision("absent", slope=1e-6, intercept=-6.0)
    predictor = open_predictor(decide_with(deciding.folder, deciding.manifest, decision), Engine.ONNX)
    found = classify_all(BLADDER, predictor)
    assert {row.label for row in found.rows} == {"on"}
    assert max(probabilities(found)) < 0.01
    assert (found.off_sample_area, found.assessment) == ("absent", ["no_background"])
    assert found.off_sample_area_probability == pytest.approx(1 / (1 + np.exp(6)), abs=1e-5)


def test_a_present_area_gives_the_probability_given_that_area(deciding: Release, bladder: NetworkInputs) -> None:
    predictor = open_with(deciding, "present")
    found = classify_all(BLADDER, predictor)
    np.testing.assert_allclose(probabilities(found), predict(predictor, bladder).ions.off_sample_probability, atol=1e-5)
    assert found.off_sample_area == "present"
    assert not {"no_background", "unclear_background"} & set(found.assessment)


def test_loose_images_get_the_plain_probability(deciding: Release, plain_release: Release) -> None:
    found = classify_all(BLADDER, open_with(deciding, "absent"), one_shape=False, loose=True)
    plain = classify_all(BLADDER, open_predictor(plain_release, Engine.ONNX), one_shape=False, loose=True)
    np.testing.assert_allclose(probabilities(found), probabilities(plain), atol=1e-6)
    assert (found.off_sample_area, found.off_sample_area_probability) == (None, None)


def test_images_of_another_shape_do_not_affect_the_others(png_folder: Path, deciding: Release) -> None:
    predictor = open_with(deciding, "present")
    before = classify_all(png_folder, predictor)
    (png_folder / "a_broken.png").write_bytes(b"no image")
    odd = np.random.default_rng(0).random((31, 20))
    (png_folder / "c_odd.png").write_bytes(encode_png(make_ion_image(odd)))
    after = classify_all(png_folder, predictor)
    assert [row.status for row in after.rows[:2]] == ["unreadable", "unreadable"]
    np.testing.assert_allclose(probabilities(after), probabilities(before), atol=1e-6)


def test_images_of_several_accepted_shapes_get_the_plain_probability(png_folder: Path, deciding: Release) -> None:
    (png_folder / "odd.png").write_bytes(encode_png(make_ion_image(np.random.default_rng(0).random((31, 20)))))
    found = classify_all(png_folder, open_with(deciding, "absent"), one_shape=False)
    assert {row.status for row in found.rows} == {"classified"}
    assert found.off_sample_area is None


def test_a_dataset_without_readable_images_has_no_verdict(tmp_path: Path, deciding: Release) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    found = classify_all(tmp_path, open_with(deciding, "present"))
    assert ([row.status for row in found.rows], found.off_sample_area) == (["unreadable"], None)


def test_an_altered_graph_is_refused(deciding: Release) -> None:
    path = deciding.area_graph_paths["judge"]
    sound = path.read_bytes()
    path.write_bytes(sound[:-1])
    try:
        with pytest.raises(ReleaseError, match="judge"):
            verify_release(deciding.folder)
    finally:
        path.write_bytes(sound)


def test_a_plain_release_cannot_predict_for_a_dataset(plain_release: Release, bladder: NetworkInputs) -> None:
    with pytest.raises(ReleaseError, match="area"):
        predict(open_predictor(plain_release, Engine.ONNX), bladder)
