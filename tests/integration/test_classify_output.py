"""`classify --output`: rows as files that other programs open, and AnnData."""

import csv
import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from imzml_making import REAL_IMZML
from local_commands import classify, require_one_line, run, run_on_full_disk
from pyarrow import parquet

IONS, HEIGHT, WIDTH = 4, 20, 30


def make_array(path: Path) -> Path:
    """Four ions on half of the acquired pixels; ion 3 has no signal."""
    rng = np.random.default_rng(0)
    images = rng.random((IONS, HEIGHT, WIDTH)).astype(np.float32)
    images[:, :, WIDTH // 2 :] *= 0.05
    images[3] = 0
    acquired = np.ones((HEIGHT, WIDTH), dtype=np.bool_)
    acquired[:2] = False
    np.savez(path, images=images, acquired=acquired, annotation_ids=[f"ion {number}" for number in range(IONS)])
    return path


def classify_into(output: Path, *inputs: object) -> str:
    ended = run("classify", *inputs, "--output", output)
    assert (ended.code, ended.output) == (0, ""), ended.errors
    return ended.errors


def test_rows_are_the_same_in_every_kind_of_file(tmp_path: Path) -> None:
    source = make_array(tmp_path / "a.npz")
    printed = run("classify", source, "--format", "json")
    expected = [json.loads(line) for line in printed.output.splitlines()]
    for suffix in ("json", "csv", "parquet"):
        classify_into(tmp_path / f"rows.{suffix}", source)
    assert [json.loads(line) for line in (tmp_path / "rows.json").read_text().splitlines()] == expected
    assert parquet.read_table(tmp_path / "rows.parquet").to_pylist() == expected
    with (tmp_path / "rows.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["label"] for row in rows] == [row["label"] or "" for row in expected]
    assert [row["assessment"].split() for row in rows] == [row["assessment"] for row in expected]


def test_rows_of_several_datasets_are_one_file(tmp_path: Path) -> None:
    sources = [make_array(tmp_path / f"{name}.npz") for name in "ab"]
    classify_into(tmp_path / "rows.csv", *sources)
    assert set(pd.read_csv(tmp_path / "rows.csv")["dataset_id"]) == {"a", "b"}


def test_an_array_becomes_anndata_with_pixels_ions_and_labels(tmp_path: Path) -> None:
    source = make_array(tmp_path / "a.npz")
    classify_into(tmp_path / "out.h5ad", source)
    found = anndata.read_h5ad(tmp_path / "out.h5ad")
    stored = np.load(source)
    assert found.shape == ((HEIGHT - 2) * WIDTH, IONS)
    assert found.var_names.tolist() == [f"ion {number}" for number in range(IONS)]
    x, y = found.obsm["spatial"].T.astype(int)
    assert found.obs["ion_image_pixel_x"].tolist() == x.tolist()
    np.testing.assert_array_equal(found.X, stored["images"][:, y, x].T)
    assert found.var["off_sample_status"].tolist() == ["classified"] * 3 + ["no_signal"]
    assert found.var["off_sample_probability"].notna().tolist() == [True] * 3 + [False]
    assert found.uns["offsample"]["release"]
    before, _ = classify(source)
    after, _ = classify(tmp_path / "out.h5ad")
    for one, other in zip(before, after, strict=True):
        assert one["annotation_id"] == other["annotation_id"]
        assert one["off_sample_probability"] == pytest.approx(other["off_sample_probability"], abs=1e-5)


def test_an_imzml_file_becomes_anndata_with_mz(tmp_path: Path) -> None:
    classify_into(tmp_path / "out.h5ad", REAL_IMZML, "--most-peaks", "10")
    found = anndata.read_h5ad(tmp_path / "out.h5ad")
    assert found.n_vars == 10
    assert all(f"mz_{mz:.4f}" == name for name, mz in found.var["mz"].items())
    assert found.obsm["spatial"].min() >= 0


def make_anndata(path: Path, dtype: type = np.float32) -> None:
    """Three ions, b, a and c, on all pixels, with columns, layers and more of other programs."""
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 50, (HEIGHT * WIDTH, 3)).astype(dtype)
    y, x = np.divmod(np.arange(HEIGHT * WIDTH), WIDTH)
    made = anndata.AnnData(
        X=counts,
        obs=pd.DataFrame(
            {"ion_image_pixel_x": x, "ion_image_pixel_y": y, "region": pd.Categorical(x > 9)},
            index=pd.Index([f"p{number}" for number in range(HEIGHT * WIDTH)], dtype=object),
        ),
        var=pd.DataFrame({"mz": [1.5, 2.5, 3.5]}, index=pd.Index(["b", "a", "c"], dtype=object)),
        obsm={"spatial": np.stack([x, y], axis=1).astype(float)},
        uns={"other": {"kept": 1}},
    )
    made.layers["raw"] = counts + 1
    made.write_h5ad(path)
    return made


def test_of_an_anndata_the_ions_of_a_list_get_labels_by_name_and_by_number(tmp_path: Path) -> None:
    make_anndata(tmp_path / "in.h5ad")
    (tmp_path / "ions.csv").write_text("annotation_id,image\na,\nrenamed,2\n")
    classify_into(tmp_path / "out.h5ad", tmp_path / "in.h5ad", "--annotations", tmp_path / "ions.csv")
    assert anndata.read_h5ad(tmp_path / "out.h5ad").var["off_sample_status"].tolist() == [
        "",
        "classified",
        "classified",
    ]


@pytest.mark.parametrize("dtype", [np.float32, np.uint16])
def test_of_an_anndata_everything_but_the_new_columns_stays(tmp_path: Path, dtype: type) -> None:
    make_anndata(tmp_path / "in.h5ad", dtype)
    classify_into(tmp_path / "out.h5ad", tmp_path / "in.h5ad")
    before, after = (anndata.read_h5ad(tmp_path / name) for name in ("in.h5ad", "out.h5ad"))
    assert after.X.dtype == dtype
    np.testing.assert_array_equal(after.X, before.X)
    np.testing.assert_array_equal(after.layers["raw"], before.layers["raw"])
    pd.testing.assert_frame_equal(after.obs, before.obs)
    pd.testing.assert_frame_equal(after.var[before.var.columns], before.var)
    assert set(after.var.columns) - set(before.var.columns) == {
        "off_sample_probability",
        "off_sample_label",
        "off_sample_status",
        "member_spread",
        "uncertain",
    }
    assert after.uns["other"] == before.uns["other"]
    assert after.uns["offsample"]["release"]


def test_an_output_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    source = make_array(tmp_path / "a.npz")
    for output in ("rows.xlsx", "rows"):
        assert ".parquet" in require_one_line(run("classify", source, "--output", tmp_path / output), 1)
    (tmp_path / "file").write_text("")
    assert "folder" in require_one_line(run("classify", source, "--output", tmp_path / "file" / "rows.csv"), 1)


def test_an_anndata_file_that_does_not_fit_on_the_disk_is_one_sentence_and_leaves_no_file(tmp_path: Path) -> None:
    source = make_array(tmp_path / "a.npz")
    (tmp_path / "out").mkdir()
    words = ("classify", source, "--quiet", "--release", "2026.11.3", "--output", tmp_path / "out" / "a.h5ad")
    line = require_one_line(run_on_full_disk(*words), 1)
    assert line.endswith("a.h5ad: File too large")
    assert list((tmp_path / "out").iterdir()) == []
