"""AnnData files of metaspace-converter are read; references to other files and decompression bombs are refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest
from scipy import sparse

from shared.arrays.array import open_array
from shared.errors import InvalidIonImageError, TooLargeError
from shared.limits import Limits

LIMITS = Limits()
SHAPE = (6, 7)
IMAGES = np.random.default_rng(0).random((5, *SHAPE)).astype(np.float32)
IMAGES[IMAGES < 0.4] = 0
MATRIX = IMAGES.reshape(5, -1).T.copy()
IDS = [f"C{number}H12O6+H" for number in range(5)]
MAKERS: dict[str, Callable[[npt.NDArray[Any]], Any]] = {
    "dense": np.asarray, "csr": sparse.csr_matrix, "csc": sparse.csc_matrix
}  # fmt: skip


def write(folder: Path, kind: str = "dense", keep: npt.NDArray[Any] | None = None, **options: Any) -> Path:
    """A file as `metaspace_to_anndata(…).write_h5ad(path)` writes it, without what is not read."""
    path = folder / "a.h5ad"
    y, x = np.indices(SHAPE).reshape(2, -1)
    kept = np.ones(len(x), np.bool_) if keep is None else keep
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        _write_matrix(file, MAKERS[kind](MATRIX[kept]), options)
        obs = file.create_group("obs")
        columns = {"ion_image_pixel_x": x, "ion_image_pixel_y": y}
        for name, values in columns.items():
            obs[name] = values[kept]
        obs["ion_image_shape_y"] = np.full(kept.sum(), SHAPE[0])
        obs["ion_image_shape_x"] = np.full(kept.sum(), SHAPE[1])
        var = file.create_group("var")
        var.attrs["_index"] = "formula_adduct"
        var.create_dataset("formula_adduct", data=IDS, dtype=h5py.string_dtype())
        var["mz"] = np.arange(5) + 100.5
        size = file.create_group("uns/metaspace/image_size")
        size["y"], size["x"] = SHAPE
    return path


def _write_matrix(file: h5py.File, matrix: Any, options: dict[str, Any]) -> None:
    if not sparse.issparse(matrix):
        file.create_dataset("X", data=matrix, **options)
        return
    group = file.create_group("X")
    group.attrs.update({"encoding-type": f"{matrix.format}_matrix", "shape": matrix.shape})
    for name in ("data", "indices", "indptr"):
        group.create_dataset(name, data=getattr(matrix, name), **options)


def images(path: Path, wanted: list[int] | None = None) -> npt.NDArray[Any]:
    return np.array([pixels for pixels, _ in open_array(path, LIMITS).rows(wanted)])


@pytest.mark.parametrize("kind", list(MAKERS))
@pytest.mark.parametrize("options", [{}, {"compression": "gzip"}, {"compression": "lzf", "fletcher32": True}])
def test_dense_and_sparse_compressed_and_plain_matrices_are_read(
    tmp_path: Path, kind: str, options: dict[str, Any]
) -> None:
    path = write(tmp_path, kind, **options)
    array = open_array(path, LIMITS)
    assert (array.shape, array.annotation_ids) == ((5, 6, 7), IDS)
    assert array.mz is not None
    assert array.mz.tolist() == [100.5, 101.5, 102.5, 103.5, 104.5]
    np.testing.assert_array_equal(images(path), IMAGES)
    np.testing.assert_array_equal(images(path, [1, 4]), IMAGES[[1, 4]])


def test_pixels_that_are_left_out_were_not_acquired(tmp_path: Path) -> None:
    keep = np.arange(42) % 4 != 0
    for pixels, mask in open_array(write(tmp_path, "csr", keep), LIMITS).rows():
        np.testing.assert_array_equal(mask, keep.reshape(SHAPE))  # type: ignore[arg-type]
        assert not pixels[~keep.reshape(SHAPE)].any()


def test_the_image_size_is_that_of_uns_or_what_coordinates_need(tmp_path: Path) -> None:
    path = write(tmp_path)
    with h5py.File(path, "a") as file:
        del file["obs/ion_image_shape_y"], file["obs/ion_image_shape_x"]
    assert open_array(path, LIMITS).shape == (5, 6, 7)
    with h5py.File(path, "a") as file:
        del file["uns"], file["var/mz"]
    assert (open_array(path, LIMITS).shape, open_array(path, LIMITS).mz) == ((5, 6, 7), None)


def test_newer_string_columns_of_anndata_are_read(tmp_path: Path) -> None:
    path = write(tmp_path)
    with h5py.File(path, "a") as file:
        del file["var/formula_adduct"]
        file.create_dataset("var/formula_adduct/values", data=IDS, dtype=h5py.string_dtype())
    assert open_array(path, LIMITS).annotation_ids == IDS


def _write_nullable(file: h5py.File, name: str, values: Any, missing: Any = None) -> None:
    del file[name]
    file[f"{name}/values"] = values
    file[f"{name}/mask"] = np.zeros(len(values), np.bool_) if missing is None else missing


def _write_category(file: h5py.File, name: str, values: Any) -> None:
    del file[name]
    categories, codes = np.unique(values, return_inverse=True)
    file[f"{name}/categories"], file[f"{name}/codes"] = categories, codes.astype("i1")


def _write_float(file: h5py.File, name: str, values: Any) -> None:
    del file[name]
    file[name] = values.astype("f8")


@pytest.mark.parametrize("write_as", [_write_float, _write_nullable, _write_category])
def test_coordinates_of_other_types_are_read(tmp_path: Path, write_as: Callable[[h5py.File, str, Any], None]) -> None:
    path = write(tmp_path)
    with h5py.File(path, "a") as file:
        for name in ("ion_image_pixel_x", "ion_image_pixel_y", "ion_image_shape_x", "ion_image_shape_y"):
            write_as(file, f"obs/{name}", file[f"obs/{name}"][:])
    np.testing.assert_array_equal(images(path), IMAGES)


def test_m_z_and_ids_of_other_types_are_read(tmp_path: Path) -> None:
    path = write(tmp_path)
    with h5py.File(path, "a") as file:
        _write_nullable(file, "var/mz", np.arange(5) + 100, np.arange(5) == 2)
        del file["var/formula_adduct"]
        file["var/formula_adduct/categories"] = np.array(IDS[::-1], dtype=object)
        file["var/formula_adduct/codes"] = np.arange(5, dtype="i1")
    array = open_array(path, LIMITS)
    assert array.annotation_ids == IDS[::-1]
    assert array.mz is not None
    np.testing.assert_array_equal(array.mz, [100, 101, np.nan, 103, 104])


@pytest.mark.parametrize(
    ("values", "noun"),
    [
        (np.arange(42) + 0.5, "fractions"),
        (np.full(42, np.nan), "outside"),
        (np.full(42, np.inf), "outside"),
        (np.full(42, 2.0**60), "outside"),
        (np.full(42, 2**63, np.uint64), "outside"),
        (np.full(42, -(2**63)), "outside"),
        (np.ones(42, "f2") * 65504, "pixel"),
    ],
)
def test_invalid_coordinates_are_a_clear_error(tmp_path: Path, values: Any, noun: str) -> None:
    path = write(tmp_path)
    with h5py.File(path, "a") as file:
        _replace("obs/ion_image_pixel_y", values)(file)
    with pytest.raises(InvalidIonImageError, match=noun):
        open_array(path, LIMITS)


@pytest.mark.parametrize(
    "codes", [np.full(42, -2), np.full(42, 99), np.full(42, -1)], ids=["below", "above", "missing"]
)
def test_codes_without_a_category_are_a_clear_error(tmp_path: Path, codes: Any) -> None:
    path = write(tmp_path)
    with h5py.File(path, "a") as file:
        _write_category(file, "obs/ion_image_pixel_x", file["obs/ion_image_pixel_x"][:])
        _replace("obs/ion_image_pixel_x/codes", codes)(file)
    with pytest.raises(InvalidIonImageError):
        open_array(path, LIMITS)


@pytest.mark.parametrize("options", [{"libver": "latest"}, {"track_order": True}])
@pytest.mark.parametrize("kind", list(MAKERS))
def test_files_with_other_object_headers_are_read(tmp_path: Path, kind: str, options: dict[str, Any]) -> None:
    """With newer object headers, and with attributes in the order in which they were made."""
    with h5py.File(write(tmp_path, kind), "r") as old, h5py.File(tmp_path / "b.h5ad", "w", **options) as new:
        for name in old:
            old.copy(name, new)
    array = open_array(tmp_path / "b.h5ad", LIMITS)
    assert array.annotation_ids == IDS
    np.testing.assert_array_equal([pixels for pixels, _ in array.rows()], IMAGES)


@pytest.mark.parametrize("options", [{"compression": "gzip", "shuffle": True}, {"compression": "lzf", "shuffle": True}])
def test_compressed_ids_are_read(tmp_path: Path, options: dict[str, Any]) -> None:
    path = write(tmp_path)
    with h5py.File(path, "a") as file:
        del file["var/formula_adduct"]
        file.create_dataset("var/formula_adduct", data=IDS, dtype=h5py.string_dtype(), chunks=(2,), **options)
    assert open_array(path, LIMITS).annotation_ids == IDS


def _link_outside(file: h5py.File) -> None:
    del file["X"]
    file["X"] = h5py.ExternalLink("other.h5", "/X")


def _link_inside(file: h5py.File) -> None:
    file["Y"] = file["X"]
    del file["X"]
    file["X"] = h5py.SoftLink("/Y")


def _store_outside(file: h5py.File) -> None:
    del file["X"]
    file.create_dataset("X", shape=MATRIX.shape, dtype="f4", external=[("/etc/passwd", 0, 840)])


def _map_outside(file: h5py.File) -> None:
    del file["X"]
    layout = h5py.VirtualLayout(MATRIX.shape, "f4")
    layout[:] = h5py.VirtualSource("other.h5", "X", MATRIX.shape)
    file.create_virtual_dataset("X", layout)


def _replace(name: str, values: Any) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        if values is not None:
            file[name] = values

    return change


BROKEN: dict[str, tuple[Callable[[h5py.File], None], str]] = {
    "link to another file": (_link_outside, "link"),
    "soft link": (_link_inside, "link"),
    "values in another file": (_store_outside, "other files"),
    "values mapped from another file": (_map_outside, "other files"),
    "no X": (_replace("X", None), "no `X`"),
    "X of strings": (_replace("X", "text"), "expected"),
    "X of one axis": (_replace("X", [1.0]), "`X` has shape"),
    "X of complex numbers": (_replace("X", MATRIX.astype(complex)), "real numbers"),
    "no coordinates": (_replace("obs/ion_image_pixel_x", None), "no coordinates of its pixels"),
    "coordinates of another length": (_replace("obs/ion_image_pixel_x", [1, 2]), r"expected \(42,\)"),
    "negative coordinates": (_replace("obs/ion_image_pixel_x", -np.arange(42)), "outside an image"),
    "fractional coordinates": (_replace("obs/ion_image_pixel_x", np.arange(42) / 2), "fractions"),
    "coordinates of strings": (_replace("obs/ion_image_pixel_x", ["a"] * 42), "real numbers"),
    "coordinates beyond the image": (_replace("obs/ion_image_pixel_x", np.arange(42)), "outside"),
    "a pixel twice": (_replace("obs/ion_image_pixel_x", np.zeros(42, int)), "are the same pixel"),
    "too few ids": (_replace("var/formula_adduct", np.arange(4)), r"expected \(5,\)"),
    "an id twice": (_replace("var/formula_adduct", np.zeros(5, int)), "repeats an id"),
    "too few mz": (_replace("var/mz", [1.0]), r"expected \(5,\)"),
}


@pytest.mark.parametrize("what", list(BROKEN))
def test_a_file_that_cannot_be_used_is_a_clear_error(tmp_path: Path, what: str) -> None:
    change, noun = BROKEN[what]
    path = write(tmp_path)
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(InvalidIonImageError, match=noun) as error:
        list(open_array(path, LIMITS).rows())
    assert "expected" in str(error.value)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("X/indptr", np.arange(43)[::-1]),
        ("X/indptr", np.full(43, 5)),
        ("X/indptr", [0, 1]),
        ("X/indices", None),
        ("X/indices", np.full(np.count_nonzero(MATRIX), 5)),
        ("X/indices", np.full(np.count_nonzero(MATRIX), -1)),
        ("X/data", np.zeros(3)),
    ],
)
def test_an_inconsistent_sparse_matrix_is_a_clear_error(tmp_path: Path, name: str, values: Any) -> None:
    path = write(tmp_path, "csr")
    with h5py.File(path, "a") as file:
        _replace(name, values)(file)
    with pytest.raises(InvalidIonImageError, match="expected"):
        list(open_array(path, LIMITS).rows())


def test_limits_hold_before_values_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, chunks=(42, 5))
    for limits, noun in (
        ({"event_ions": 4}, "ion images"),
        ({"image_pixels": 41}, "number of pixels"),
        ({"image_side_px": 6}, "longest side"),
        ({"array_file_bytes": 800}, "a.h5ad"),
        ({"array_chunk_bytes": 800}, "chunk"),
    ):
        with pytest.raises(TooLargeError, match=noun):
            open_array(path, replace(LIMITS, **limits))


def test_a_chunk_that_inflates_beyond_its_size_is_refused_before_inflating(tmp_path: Path) -> None:
    import zlib  # noqa: PLC0415

    path = write(tmp_path, chunks=(42, 5), compression="gzip")
    with h5py.File(path, "a") as file:
        file["X"].id.write_direct_chunk((0, 0), zlib.compress(b"\0" * 2**22))
    with pytest.raises(InvalidIonImageError, match="chunk"):
        open_array(path, LIMITS)


@pytest.mark.parametrize("options", [{"compression": "gzip"}, {"compression": "lzf"}])
def test_a_chunk_shorter_than_its_size_is_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    """HDF5 would read beyond its end."""
    import zlib  # noqa: PLC0415

    short = {"gzip": zlib.compress(b"abc"), "lzf": b"\2abc"}[options["compression"]]
    path = write(tmp_path, chunks=(42, 5), **options)
    with h5py.File(path, "a") as file:
        file["X"].id.write_direct_chunk((0, 0), short)
    with pytest.raises(InvalidIonImageError, match="chunk"):
        open_array(path, LIMITS)


def test_an_image_declared_enormous_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    with h5py.File(path, "a") as file:
        for axis in "xy":
            del file[f"obs/ion_image_shape_{axis}"]
            file[f"obs/ion_image_shape_{axis}"] = np.full(42, 2**20)
    with pytest.raises(TooLargeError):
        open_array(path, LIMITS)
