"""From files to rows with the shipped release: a bad image is a row, and does not affect other images."""

import csv
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from source_making import open_any

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine, Prediction, Predictor
from model_store.release import Release
from shared.arrays.array import open_array
from shared.ion_image import IonImage, make_ion_image
from shared.limits import Limits
from shared.png.image import encode_png
from shared.preprocessing import NetworkInputs, preprocess
from worker.classification.classification import BATCH_IMAGES, CLASSIFYING, READING, Classification, classify
from worker.cli.demo import DEMO_DATASET
from worker.messages.event import Annotation
from worker.messages.results import ResultRow
from worker.sources.source import FetchedIonImage

BLADDER_ARRAY = Path(__file__).parents[2] / "training" / "data" / "mouse_bladder" / "ion_images.npz"


@dataclass
class CountingPredictor:
    """The real predictor, which records its batch sizes."""

    real: Predictor
    sizes: list[int] = field(default_factory=list)

    @property
    def release(self) -> Release:
        return self.real.release

    @property
    def engine(self) -> Engine:
        return self.real.engine

    def predict(self, inputs: NetworkInputs) -> Prediction:
        self.sizes.append(len(inputs))
        return self.real.predict(inputs)


def classify_all(path: Path, predictor: Predictor, *names: str, one_shape: bool = True) -> Classification:
    source = open_any(path)
    annotations = [Annotation(annotation_id=name) for name in names] or source.annotations()
    return classify(source, annotations, predictor, one_shape=one_shape)


def probabilities(rows: list[ResultRow]) -> dict[str, float]:
    return {row.annotation_id: row.off_sample_probability for row in rows if row.off_sample_probability is not None}


def write_png(folder: Path, name: str, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(len(name)).random(shape)
    (folder / f"{name}.png").write_bytes(encode_png(make_ion_image(pixels)))


def test_rows_have_the_order_of_the_request_and_the_probabilities_of_the_predictor(
    png_folder: Path, predictor: Predictor
) -> None:
    names = ["image_5", "image_0", "image_7"]
    found = classify_all(png_folder, predictor, *names)
    source = open_any(png_folder)
    ion_images = [one.ion_image for one in source.fetch([Annotation(annotation_id=name) for name in names])]
    expected = predictor.predict(preprocess([one for one in ion_images if one is not None]))

    assert [row.annotation_id for row in found.rows] == names
    np.testing.assert_allclose(
        [row.off_sample_probability for row in found.rows], expected.off_sample_probability, atol=1e-6
    )
    np.testing.assert_allclose([row.member_spread for row in found.rows], expected.member_spread, atol=1e-6)
    assert found.shapes == {(20, 30): 3}


def test_bad_images_are_rows_with_a_reason_and_change_no_other_row(png_folder: Path, predictor: Predictor) -> None:
    before = probabilities(classify_all(png_folder, predictor).rows)
    sound = (png_folder / "image_0.png").read_bytes()
    (png_folder / "a_cut.png").write_bytes(sound[: len(sound) // 2])
    (png_folder / "constant.png").write_bytes(encode_png(make_ion_image(np.full((20, 30), 7))))
    (png_folder / "image_00_zero.png").write_bytes(encode_png(make_ion_image(np.zeros((20, 30)))))
    (png_folder / "not_acquired.png").write_bytes(encode_png(make_ion_image(np.ones((20, 30)), np.zeros((20, 30)))))
    write_png(png_folder, "z_other_size", (21, 30))
    names = sorted(path.stem for path in png_folder.iterdir())

    found = classify_all(png_folder, predictor, *names, "missing")

    bad = {row.annotation_id: row for row in found.rows if row.status != "classified"}
    expected = {
        "a_cut": ("unreadable", "PNG"),
        "constant": ("no_signal", "65535"),
        "image_00_zero": ("no_signal", "0"),
        "not_acquired": ("no_signal", "acquired"),
        "z_other_size": ("unreadable", "21 x 30 px"),
        "missing": ("unreadable", "'missing.png'"),
    }
    assert bad.keys() == expected.keys()
    for annotation_id, (status, noun) in expected.items():
        assert bad[annotation_id].status == status
        assert noun in (bad[annotation_id].reason or "")
    after = probabilities(found.rows)
    assert after.keys() == before.keys()
    np.testing.assert_allclose(list(after.values()), list(before.values()), atol=1e-6)
    assert all(row.label is None for row in found.rows if row.status != "classified")
    counts = found.counts
    assert (counts.annotations, counts.classified, counts.no_signal, counts.unreadable) == (14, 8, 3, 3)
    assert counts.on + counts.off == 8


def test_nan_in_one_image_of_an_array_does_not_affect_the_others(tmp_path: Path, predictor: Predictor) -> None:
    images = np.random.default_rng(0).random((6, 20, 30), dtype=np.float32)
    np.save(tmp_path / "sound.npy", images)
    images[2, 0, 0] = np.nan
    images[4] = 3
    np.save(tmp_path / "spoiled.npy", images)
    before = probabilities(classify_all(tmp_path / "sound.npy", predictor).rows)
    found = classify_all(tmp_path / "spoiled.npy", predictor)
    assert [row.status for row in found.rows] == [
        "classified", "classified", "classified", "classified", "no_signal", "classified"
    ]  # fmt: skip
    for name, probability in probabilities(found.rows).items():
        if name == "2":  # a pixel less, which was not acquired
            continue
        assert probability == pytest.approx(before[name], abs=1e-6)


def test_the_shape_of_a_dataset_is_that_of_most_images_even_if_others_come_first(
    png_folder: Path, predictor: Predictor
) -> None:
    for name in ("a", "b", "c"):
        write_png(png_folder, name, (30, 20))
    found = classify_all(png_folder, predictor)
    statuses = {row.annotation_id: row.status for row in found.rows}
    assert [name for name, status in statuses.items() if status == "unreadable"] == ["a", "b", "c"]
    assert found.shapes == {(30, 20): 3, (20, 30): 8}


def test_loose_images_may_have_any_shape(png_folder: Path, predictor: Predictor) -> None:
    write_png(png_folder, "a", (30, 20))
    write_png(png_folder, "b", (1, 500))
    found = classify_all(png_folder, predictor, one_shape=False)
    assert {row.status for row in found.rows} == {"classified"}
    assert len(found.shapes) == 3


def test_images_of_several_batches_are_classified_as_if_alone(tmp_path: Path, predictor: Predictor) -> None:
    count = 2 * BATCH_IMAGES + 3
    images = np.random.default_rng(0).exponential(size=(count, 8, 9)).astype(np.float32)
    images[5] = 0
    np.save(tmp_path / "many.npy", images)
    counting = CountingPredictor(predictor)
    found = classify_all(tmp_path / "many.npy", counting)
    assert counting.sizes == [BATCH_IMAGES - 1, BATCH_IMAGES, 3]
    assert [row.annotation_id for row in found.rows] == [str(number) for number in range(count)]
    assert found.counts.classified == count - 1
    for number in (0, BATCH_IMAGES - 1, BATCH_IMAGES, BATCH_IMAGES + 1, count - 1):
        np.save(tmp_path / "one.npy", images[number])
        (alone,) = classify_all(tmp_path / "one.npy", predictor).rows
        assert found.rows[number].off_sample_probability == pytest.approx(alone.off_sample_probability, abs=1e-6)


def test_an_empty_dataset_is_not_an_error(tmp_path: Path, predictor: Predictor) -> None:
    np.save(tmp_path / "none.npy", np.ones((0, 8, 9)))
    found = classify_all(tmp_path / "none.npy", predictor)
    assert (found.rows, found.stages.predict.seconds) == ([], 0)


def test_a_dataset_of_bad_images_has_rows_without_labels(tmp_path: Path, predictor: Predictor) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.png").write_bytes(b"no image")
    found = classify_all(tmp_path, predictor)
    assert [row.status for row in found.rows] == ["unreadable", "unreadable"]


def test_a_published_probability_at_the_threshold_is_off(png_folder: Path, predictor: Predictor) -> None:
    source = open_any(png_folder)
    annotations = source.annotations()
    for number, row in enumerate(classify(source, annotations, predictor).rows):
        assert row.off_sample_probability is not None
        at, above = (
            classify(source, annotations, predictor, threshold=threshold).rows[number].label
            for threshold in (row.off_sample_probability, row.off_sample_probability + 1e-7)
        )
        assert (at, above) == ("off", "on")


class LeaseLostTestError(Exception):
    """An exception that ends a run."""


@dataclass
class EndlessSource:
    """Yields the same image until its iteration ends; counts the images."""

    ion_image: IonImage
    given: int = 0

    def annotations(self) -> list[Annotation]:
        return [Annotation(annotation_id=str(number)) for number in range(10 * BATCH_IMAGES)]

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        for annotation in annotations:
            self.given += 1
            time.sleep(0.001)
            yield FetchedIonImage(annotation.annotation_id, self.ion_image)


def test_reading_a_dataset_and_then_classifying_it_are_told_of(release: Release) -> None:
    """Of the default release, which reads all ion images before it predicts any."""
    predictor = open_predictor(release, Engine.ONNX)
    source = EndlessSource(make_ion_image(np.random.default_rng(0).random((20, 30))))
    annotations = source.annotations()[: 2 * BATCH_IMAGES]
    reported: list[tuple[str, int, int]] = []
    classify(source, annotations, predictor, on_progress=lambda *call: reported.append(call))
    reading = [call for call in reported if call[0] == READING]
    classifying = reported[len(reading) :]
    assert reported[: len(reading)] == reading == sorted(reading)
    assert {what for what, _, _ in classifying} == {CLASSIFYING}
    assert classifying == sorted(classifying)
    assert 0 < reading[-1][1] < 2 * BATCH_IMAGES
    assert reported[-1] == (CLASSIFYING, 2 * BATCH_IMAGES, 2 * BATCH_IMAGES)


@dataclass
class FailingPredictor:
    """Raises at its first batch, like a process that is stopped."""

    release: Release
    engine: Engine = Engine.ONNX

    def predict(self, inputs: NetworkInputs) -> Prediction:
        raise LeaseLostTestError(len(inputs))


@pytest.mark.parametrize("ended_by", ["progress", "predictor"])
def test_an_exception_while_a_run_waits_or_predicts_ends_its_threads(ended_by: str, predictor: Predictor) -> None:
    source = EndlessSource(make_ion_image(np.random.default_rng(0).random((20, 30))))

    def refuse(*call: object) -> None:
        if ended_by == "progress":
            raise LeaseLostTestError(call)

    chosen = FailingPredictor(predictor.release) if ended_by == "predictor" else predictor
    with pytest.raises(LeaseLostTestError):
        classify(source, source.annotations(), chosen, on_progress=refuse)
    assert not any(thread.name.startswith("prepare") for thread in threading.enumerate())
    assert source.given <= 2 * BATCH_IMAGES


def test_the_float_array_and_the_16_bit_pngs_of_the_bladder_agree(predictor: Predictor) -> None:
    with (DEMO_DATASET / "labels.csv").open(encoding="utf-8", newline="") as stream:
        annotations = [(row["annotation_id"], float(row["mz"])) for row in csv.DictReader(stream)]
    as_png = classify_all(DEMO_DATASET / "ion_images", predictor, *(name for name, _ in annotations)).rows
    as_float = classify_all(BLADDER_ARRAY, predictor).rows
    mz = open_array(BLADDER_ARRAY, Limits()).mz
    np.testing.assert_allclose([mz for _, mz in annotations], mz, atol=1e-6)
    assert [row.status for row in as_png + as_float] == ["classified"] * 2 * 79
    for one, other in zip(as_png, as_float, strict=True):
        assert one.off_sample_probability == pytest.approx(other.off_sample_probability, abs=1e-3)
