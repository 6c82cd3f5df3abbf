"""`evaluate` on whole acquisitions: of the repository, of users, imzML files with IonMorphNet labels, and METASPACE."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_metaspace import DATASET_ID, live_metaspace
from live_stores import find_free_port
from typer.testing import CliRunner

from model_store.release import open_release
from shared.errors import InvalidInputError, NotFoundError, TransientError
from shared.imzml.dataset import open_imzml
from shared.ion_image import make_ion_image
from shared.limits import Limits
from shared.png.image import encode_png
from training.acquisitions.evaluation import evaluate_acquisitions
from training.acquisitions.metaspace import read_metaspace
from training.acquisitions.reading import read_acquisitions
from training.acquisitions.series import load_acquisitions
from training.cli import app
from training.data_root import DATA_ROOT

PROSTATE = Path(__file__).parents[1] / "data" / "mouse_prostate.imzML"


def evaluate(*arguments: str | Path) -> dict[str, Any]:
    run = CliRunner().invoke(app, ["evaluate", *map(str, arguments), "--json"], catch_exceptions=False)
    assert run.exit_code == 0, run.output
    return {row["name"]: row for row in json.loads(run.stdout)["acquisitions"]}


def write_own(folder: Path) -> Path:
    """Three ions on a square and three around it, their labels, and a painted mask."""
    rng = np.random.default_rng(0)
    sample = np.zeros((60, 70), dtype=np.bool_)
    sample[15:45, 15:55] = True
    folder.mkdir(parents=True)
    rows = ["annotation_id,label"]
    for number in range(6):
        on = number % 2 == 0
        image = np.where(sample == on, 50.0, 2.0) * rng.gamma(4, 0.25, sample.shape)
        (folder / f"ion{number}.png").write_bytes(encode_png(make_ion_image(image)))
        rows.append(f"ion{number},{'on' if on else 'off'}")
    (folder / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "sample_mask.png").write_bytes(encode_png(make_ion_image(np.where(sample, 255.0, 0.0))))
    return folder


def test_a_users_acquisition_is_evaluated_with_its_labels_and_mask(tmp_path: Path) -> None:
    row = evaluate(write_own(tmp_path / "square"))["square"]
    release, rule = row["figures"]
    assert (release["correct"], release["images"], release["auc"]) == (6, 6, 1)
    assert rule["predictor"] == "border/centre rule"
    assert (row["on"], row["false_off"], row["area"], row["area_found"]) == (3, 0, "present", "present")
    assert row["mask_overlap"] > 0.6


def test_shipped_acquisitions_are_evaluated_by_name_and_listed_without_labels() -> None:
    found = evaluate("mouse_brain_interior_1", "poplar_root")
    interior = found["mouse_brain_interior_1"]
    assert interior["figures"][0]["images"] == interior["on"] == interior["ions"] == 52
    assert interior["area"] == "absent"
    assert interior["labelled_by"].endswith("nothing but sample")
    assert found["poplar_root"]["figures"] == []


def test_shipped_acquisitions_give_the_same_result_by_path_and_name_whether_they_were_fitted_on() -> None:
    folder = DATA_ROOT / "acquisitions" / "mouse_brain_interior_1"
    assert evaluate(folder) == evaluate("mouse_brain_interior_1")
    found = evaluate("mouse_aorta_proteins", "maldi_human_tumour_2")
    assert [row["fitted_on"] for row in found.values()] == [False, True]


def test_a_context_release_uses_all_ions_and_not_only_labelled_ones() -> None:
    (gastric,) = load_acquisitions(["gastric_cancer_afadesi"])
    (found,) = evaluate_acquisitions(open_release("2026.11.3-context"), [gastric])
    assert found.ions == 32
    assert found.figures[0].images == 29
    assert found.figures[0].correct >= 28


def test_an_imzml_file_is_evaluated_with_the_labels_of_ionmorphnet(tmp_path: Path) -> None:
    peaks = open_imzml(PROSTATE, PROSTATE.with_suffix(".ibd"), Limits()).pick_peaks(5.0, 6).mz
    (tmp_path / "csv").mkdir()
    shapes = ["structured", "negative", "unstructured", "localized", "fragmented", "weak_structured"]
    rows = [
        f"mouse_prostate.imzML,{mz:.9f},0.05,HMDB v4,{shape}" for mz, shape in zip(sorted(peaks), shapes, strict=True)
    ]
    labels = tmp_path / "csv" / "mouse_prostate.csv"
    labels.write_text("\n".join(["filename,mz,min_fdr,databases,label", *rows]), encoding="utf-8")
    (found,) = read_acquisitions(PROSTATE, labels=labels.parent)
    assert found.labels == ("on", "off", "unclear", "on", "on", "on")
    assert found.images.any(axis=(1, 2)).all()
    row = evaluate(PROSTATE, "--labels", labels.parent)["mouse_prostate"]
    assert row["figures"][0]["images"] == 5
    assert "IonMorphNet" in row["labelled_by"]


def test_an_imzml_file_without_labels_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="label"):
        list(read_acquisitions(PROSTATE))


def test_a_dataset_of_metaspace_brings_its_own_labels() -> None:
    images = np.random.default_rng(0).random((3, 20, 30))
    with live_metaspace() as metaspace:
        for image, label in zip(images, (True, False, None), strict=True):
            metaspace.add(
                f"C{len(metaspace.annotations) + 1}H2O",
                "+H",
                encode_png(make_ion_image(image)),
                offSample=label,
                databaseId=6,
            )
        found = read_metaspace(DATASET_ID, url=metaspace.url)
        with pytest.raises(NotFoundError):
            read_metaspace("1999-01-01_00h00m00s", url=metaspace.url)
    assert found.labels == ("off", "on", None)
    assert found.images.shape == (3, 20, 30)
    assert found.annotation_ids[0] == "C1H2O+H+"
    assert found.off_sample_area == "unknown"
    assert "METASPACE" in found.labelled_by


def test_an_unreachable_metaspace_is_a_transient_error() -> None:
    with pytest.raises(TransientError, match="answer"):
        read_metaspace(DATASET_ID, url=f"http://127.0.0.1:{find_free_port()}")


def test_acquisitions_and_real_sets_cannot_be_combined(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["evaluate", str(tmp_path), "--set", "mouse_bladder"])
    assert isinstance(run.exception, InvalidInputError)


def test_the_tables_name_every_acquisition(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["evaluate", str(write_own(tmp_path / "square"))], catch_exceptions=False)
    assert "square" in run.output
    assert "overlap" in run.output
