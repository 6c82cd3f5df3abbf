"""`import offsample`: what a notebook gets equals what the command line gives."""

import subprocess
import sys
from pathlib import Path

import anndata
import nbformat
import numpy as np
import pytest
from documented import CHECKOUT
from imzml_making import REAL_IMZML
from local_commands import classify
from nbclient import NotebookClient

import offsample
from shared.errors import ConfigurationError, InvalidInputError, NotFoundError
from worker.cli.demo import DEMO_DATASET

TUTORIAL = CHECKOUT / "docs" / "tutorial.ipynb"
IONS, HEIGHT, WIDTH = 3, 20, 30


def make_images() -> np.ndarray:
    """Three ions on the left half; the last has no signal."""
    images = np.random.default_rng(0).random((IONS, HEIGHT, WIDTH)).astype(np.float32)
    images[:, :, WIDTH // 2 :] *= 0.05
    images[2] = 0
    return images


@pytest.fixture(scope="module")
def bladder() -> offsample.Result:
    return offsample.classify(DEMO_DATASET / "ion_images")


@pytest.fixture(scope="module")
def in_memory() -> offsample.Result:
    return offsample.classify(
        make_images(), annotation_ids=["a", "b", "c"], mz=[100.5, 200.5, 300.5], dataset_id="my array"
    )


def test_a_folder_gets_the_rows_of_the_command_line(bladder: offsample.Result) -> None:
    rows, errors = classify(DEMO_DATASET / "ion_images")
    table = bladder.to_pandas()
    assert table.index.tolist() == [row["annotation_id"] for row in rows]
    assert table["off_sample_probability"].tolist() == [row["off_sample_probability"] for row in rows]
    assert bladder.conclusion in errors
    assert bladder.conclusion in repr(bladder)
    assert bladder.counts.annotations == len(bladder.rows) == len(rows)


def test_an_array_in_memory_equals_the_same_array_in_a_file(tmp_path: Path, in_memory: offsample.Result) -> None:
    np.savez(tmp_path / "a.npz", images=make_images(), annotation_ids=["a", "b", "c"], mz=[100.5, 200.5, 300.5])
    stored = offsample.classify(tmp_path / "a.npz")
    assert stored.rows == in_memory.rows
    columns = ["mz", "total_intensity", "status"]
    assert in_memory.to_pandas()[columns].equals(stored.to_pandas()[columns])
    assert set(in_memory.to_pandas()["dataset_id"]) == {"my array"}


def test_anndata_of_an_array_holds_its_pixels_and_labels(in_memory: offsample.Result) -> None:
    found = in_memory.to_anndata()
    x, y = found.obsm["spatial"].T.astype(int)
    np.testing.assert_array_equal(found.X, make_images()[:, y, x].T)
    assert found.var["off_sample_status"].tolist() == ["classified", "classified", "no_signal"]
    assert found.uns["offsample"]["release"] == in_memory.release


def test_anndata_of_an_h5ad_file_is_the_file_with_columns(tmp_path: Path, in_memory: offsample.Result) -> None:
    original = in_memory.to_anndata()
    original.var = original.var[["mz"]]
    original.uns = {"mine": 1}
    original.layers["raw"] = original.X + 1
    original.write_h5ad(tmp_path / "a.h5ad")
    found = offsample.classify(tmp_path / "a.h5ad").to_anndata()
    np.testing.assert_array_equal(found.layers["raw"], original.layers["raw"])
    assert found.uns["mine"] == 1
    assert found.var["off_sample_label"].tolist()[2] == ""
    assert anndata.read_h5ad(tmp_path / "a.h5ad").var.columns.tolist() == ["mz"]


def test_an_imzml_file_is_read_again_for_report_and_picture(tmp_path: Path) -> None:
    result = offsample.classify(REAL_IMZML, most_peaks=4)
    page = result.report(tmp_path / "out.html")
    assert all(row.annotation_id in page.read_text(encoding="utf-8") for row in result.rows)
    picture = result._repr_png_()
    assert picture is not None
    assert picture.startswith(b"\x89PNG")
    assert result._repr_png_() is picture


def test_files_that_are_gone_are_an_error_of_the_project(tmp_path: Path) -> None:
    for suffix in (".imzML", ".ibd"):
        (tmp_path / f"a{suffix}").write_bytes(REAL_IMZML.with_suffix(suffix).read_bytes())
    result = offsample.classify(tmp_path / "a.imzML", most_peaks=2)
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(NotFoundError):
        result.report(tmp_path / "out.html")
    tmp_path.rmdir()
    with pytest.raises(NotFoundError):
        result.to_anndata()


def test_a_result_without_a_classified_image_has_no_picture() -> None:
    assert offsample.classify(np.zeros((1, 8, 8)))._repr_png_() is None


def test_a_report_that_cannot_be_written_is_an_error_and_leaves_nothing(
    tmp_path: Path, in_memory: offsample.Result
) -> None:
    for path in (tmp_path / "missing" / "out.html", tmp_path / "out.txt", tmp_path):
        with pytest.raises(InvalidInputError):
            in_memory.report(path)
    with pytest.raises(InvalidInputError):  # a place where nobody may write
        in_memory.report("/proc/out.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "options", "error"),
    [
        ("missing.imzML", {}, NotFoundError),
        (np.zeros((2, 2, 2, 2)), {}, InvalidInputError),
        (np.zeros((2, 4, 4), dtype=complex), {}, InvalidInputError),
        ([[1, 2], [3]], {}, InvalidInputError),
        (np.ones((2, 4, 4)), {"annotation_ids": ["a", "a"]}, InvalidInputError),
        (np.ones((2, 4, 4)), {"mz": [1.0]}, InvalidInputError),
        (np.ones((2, 4, 4)), {"acquired": np.ones((3, 4))}, InvalidInputError),
        (np.ones((2, 4, 4)), {"ppm": 3.0}, InvalidInputError),
        (np.ones((2, 4, 4)), {"threshold": 2.0}, InvalidInputError),
        (np.ones((2, 4, 4)), {"engine": "steam"}, InvalidInputError),
        (REAL_IMZML, {"mz": [1.0]}, InvalidInputError),
    ],
)
def test_a_wrong_argument_is_an_error_of_one_line(given: object, options: dict, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        offsample.classify(given, **options)
    assert "\n" not in str(raised.value)


def test_anndata_without_coordinates_is_an_error(tmp_path: Path) -> None:
    anndata.AnnData(X=np.ones((6, 2), dtype=np.float32)).write_h5ad(tmp_path / "a.h5ad")
    with pytest.raises(InvalidInputError, match="obs"):
        offsample.classify(tmp_path / "a.h5ad")


def test_variables_are_read_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFSAMPLE_RELEASE", "1999.1.1")
    assert offsample.classify(make_images()).release != "1999.1.1"
    with pytest.raises(offsample.OffSampleError, match=r"1999\.1\.1"):
        offsample.classify(make_images(), from_environment=True)
    monkeypatch.setenv("OFFSAMPLE_RELAESE", "")
    with pytest.raises(ConfigurationError):
        offsample.classify(make_images(), from_environment=True)


def test_the_import_connects_to_nothing_and_needs_no_extra() -> None:
    heavy = ("celery", "redis", "tensorflow", "keras", "anndata", "pandas", "onnxruntime")
    code = f"import sys, offsample; print([name for name in {heavy!r} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    assert ended.stdout.strip() == "[]"


def test_the_tutorial_runs_from_top_to_bottom(tmp_path: Path) -> None:
    notebook = nbformat.read(TUTORIAL, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    (tmp_path / "tests").symlink_to(CHECKOUT / "tests")
    (tmp_path / "worker").symlink_to(CHECKOUT / "worker")
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    kinds = [output.data for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    assert any("image/png" in data for data in kinds)
    assert any("text/html" in data for data in kinds)
    assert {path.suffix for path in tmp_path.iterdir()} >= {".html", ".h5ad"}
