"""The service's output is a valid label file, and fitting and serving preprocess images identically."""

import csv
from pathlib import Path

import numpy as np
import pytest

from model_store.predictors.predictor import Engine, Prediction, Predictor
from model_store.release import Release
from shared.files.foreign_file import OpenedFolder
from shared.limits import Limits
from shared.preprocessing import NetworkInputs
from training.acquisitions.labelled_inputs import load_labelled_inputs
from training.labelled.gold_standard_like import write_gold_standard_like
from training.synthetic.sources import load_sources
from worker.access.allowed_roots import AllowedRoots
from worker.classification.classification import Classification, classify
from worker.cli.outputs.row_format import DatasetRows, RowFormat, print_rows
from worker.sources.png_folder import PngFolder


class RecordingPredictor:
    """The real predictor, which records its inputs."""

    def __init__(self, predictor: Predictor) -> None:
        self.release: Release = predictor.release
        self.engine: Engine = predictor.engine
        self.inputs: list[NetworkInputs] = []
        self._predictor = predictor

    def predict(self, inputs: NetworkInputs) -> Prediction:
        self.inputs.append(inputs.copy())
        return self._predictor.predict(inputs)


@pytest.fixture(scope="module")
def gold_standard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two semi-synthetic datasets of 12 images in the gold-standard layout."""
    root = tmp_path_factory.mktemp("data") / "GS"
    write_gold_standard_like(root, load_sources(), datasets=2, images=12, seed=3)
    return root


def classify_folder(folder: Path, predictor: Predictor) -> Classification:
    source = PngFolder(OpenedFolder.at(folder), AllowedRoots((folder,)), Limits(), threads=2)
    return classify(source, source.annotations(), predictor)


def test_fitting_and_serving_use_the_same_network_inputs(gold_standard: Path, predictor: Predictor) -> None:
    labelled_set, channels = load_labelled_inputs([gold_standard]), len(predictor.release.manifest.input.channels)
    recording = RecordingPredictor(predictor)
    order = []
    for dataset in labelled_set.dataset_names:
        for label in ("on", "off"):
            folder = gold_standard / "raw_images" / dataset / label
            order += [(dataset, row.annotation_id) for row in classify_folder(folder, recording).rows]
    served = dict(zip(order, np.concatenate(recording.inputs), strict=True))
    assert len(served) == len(labelled_set) == 24
    for row, key in enumerate(zip(labelled_set.datasets, labelled_set.annotation_ids, strict=True)):
        np.testing.assert_array_equal(labelled_set.inputs[row, :, :, :channels], served[key])


@pytest.mark.parametrize("row_format", [RowFormat.CSV, RowFormat.JSON])
def test_rows_printed_by_the_service_are_a_valid_label_file(
    gold_standard: Path, predictor: Predictor, capsys: pytest.CaptureFixture[str], row_format: RowFormat
) -> None:
    folder = next(path for path in sorted((gold_standard / "raw_images").glob("*/on")) if any(path.iterdir()))
    rows = classify_folder(folder, predictor).rows
    print_rows([DatasetRows("on", "any", rows)], row_format)
    suffix = "csv" if row_format is RowFormat.CSV else "jsonl"
    label_file = folder.parent / f"on.{suffix}"  # next to the folder `on`, whose images it labels
    label_file.write_text(capsys.readouterr().out, encoding="utf-8")
    try:
        labelled_set = load_labelled_inputs([label_file])
    finally:
        label_file.unlink()
    read = dict(zip(labelled_set.annotation_ids, labelled_set.off.tolist(), strict=True))
    assert read == {row.annotation_id: row.label == "off" for row in rows}


def test_a_corrected_label_is_used(
    gold_standard: Path, predictor: Predictor, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = next(path for path in sorted((gold_standard / "raw_images").glob("*/on")) if any(path.iterdir()))
    print_rows([DatasetRows("on", "any", classify_folder(folder, predictor).rows)], RowFormat.CSV)
    printed = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    printed[0]["label"] = "off" if printed[0]["label"] == "on" else "on"
    mine = tmp_path / "mine"
    mine.mkdir()
    for path in folder.iterdir():
        (mine / path.name).write_bytes(path.read_bytes())
    with (mine / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(printed[0]))
        writer.writeheader()
        writer.writerows(printed)
    labelled_set = load_labelled_inputs([mine])
    read = dict(zip(labelled_set.annotation_ids, labelled_set.off.tolist(), strict=True))
    assert read == {row["annotation_id"]: row["label"] == "off" for row in printed}


def test_written_images_are_labelled_by_their_folders(gold_standard: Path) -> None:
    labelled_set = load_labelled_inputs([gold_standard])
    assert not labelled_set.left_out
    for dataset, ion, off in zip(labelled_set.datasets, labelled_set.annotation_ids, labelled_set.off, strict=True):
        assert (gold_standard / "raw_images" / dataset / ("off" if off else "on") / f"{ion}.png").is_file()
