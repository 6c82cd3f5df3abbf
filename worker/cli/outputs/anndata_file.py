"""A dataset as AnnData with its labels: ions are variables, acquired pixels are observations."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from shared.errors import ConfigurationError, InvalidInputError, TooLargeError
from shared.files.whole_file import write_whole
from shared.ion_image import AcquisitionMask
from shared.progress import ProgressCallback, follow, ignore_progress
from worker.cli.outputs.hdf5_file import write_hdf5
from worker.cli.outputs.row_format import DatasetRows, IonFacts
from worker.messages.event import Annotation
from worker.messages.results import ResultRow
from worker.sources.array_file import find_row, number_rows
from worker.sources.source import IonImageSource

if TYPE_CHECKING:
    from pandas import DataFrame

_MOST_VALUES: Final = 2**30
"""Pixels x ions of a new file, which is made in memory; 4 GiB."""
_KEY: Final = "offsample"
_STRUCTURE_BYTES: Final = 2**20
"""More than groups and attributes of a table take in a file."""
_NEEDED = ".h5ad files need anndata, which is not installed; install it with pip install 'offsample[anndata]'"


def extend_anndata(original: Path, path: Path, annotations: Sequence[Annotation], found: DatasetRows) -> None:
    """Write a copy of an .h5ad file with the results as columns of `var`; all else stays as it is, byte for byte.

    The columns are `off_sample_probability`, `off_sample_label`, `off_sample_status`, `member_spread` and `uncertain`;
    `uns["offsample"]` names the release. Ions without a result have no value.

    Raises
    ------
    InvalidInputError
        When the file cannot be written, or its `var` cannot be read.
    ConfigurationError
        When anndata is not installed.
    """
    _require_anndata()
    import h5py  # noqa: PLC0415 - an extra
    from anndata.io import read_elem, write_elem  # noqa: PLC0415 - an extra

    try:
        with h5py.File(original) as file:
            var = read_elem(file["var"])
        rows = _align(var.index.tolist(), annotations, found)
        for name, values in _make_columns(rows).items():
            var[name] = values
        with write_whole(path) as partial:
            shutil.copyfile(original, partial)
            with write_hdf5(partial, _measure(var)) as file:
                write_elem(file, "var", var)
                write_elem(file, f"uns/{_KEY}", _describe(found))
    except OSError as error:
        raise InvalidInputError(f"cannot write {path}: {_describe_error(error)}") from error
    except (KeyError, ValueError, TypeError) as error:
        raise InvalidInputError(f"cannot add columns to the var of {original}: {error}") from error


def make_anndata(
    path: Path,
    source: IonImageSource,
    annotations: Sequence[Annotation],
    found: DatasetRows,
    on_progress: ProgressCallback = ignore_progress,
) -> None:
    """Write a new .h5ad file: `X` (pixels, ions) float32, and `obsm["spatial"]` (pixels, 2), x and y, px.

    Columns of `obs` are named as by metaspace-converter, so that this program reads the file too. Ions whose image
    could not be read have no value in `X`. Pixels are those that were acquired for any ion.

    Raises
    ------
    InvalidInputError
        When the images differ in size, none could be read, or the file cannot be written.
    TooLargeError
        When it would not fit into memory.
    ConfigurationError
        When anndata is not installed.
    """
    _require_anndata()
    import anndata  # noqa: PLC0415 - an extra
    import pandas as pd  # noqa: PLC0415 - comes with anndata
    from anndata.io import write_elem  # noqa: PLC0415 - an extra

    values, mask = _read_images(source, annotations, on_progress)
    y, x = np.nonzero(mask)
    by_id = {row.annotation_id: row for row in found.rows}
    names = [annotation.annotation_id for annotation in annotations]
    facts = [found.facts.get(name, IonFacts()) for name in names]
    var = pd.DataFrame(index=pd.Index(names, dtype=object))
    var["mz"] = [np.nan if one.mz is None else one.mz for one in facts]
    for name in ("formula", "adduct"):
        var[name] = _as_text([getattr(one, name) or "" for one in facts])
    for name, column in _make_columns([by_id.get(one) for one in names]).items():
        var[name] = column
    obs = pd.DataFrame(
        {"ion_image_pixel_x": x, "ion_image_pixel_y": y, "ion_image_shape_x": mask.shape[1]}
        | {"ion_image_shape_y": mask.shape[0]},
        index=pd.Index([f"{column}_{row}" for row, column in zip(y, x, strict=True)], dtype=object),
    )
    made = anndata.AnnData(
        X=values[:, mask].T.copy(),
        obs=obs,
        var=var,
        obsm={"spatial": np.stack([x, y], axis=1).astype(np.float64)},
        uns={_KEY: _describe(found)},
    )
    made.strings_to_categoricals()
    room_bytes = made.X.nbytes + made.obsm["spatial"].nbytes + _measure(made.obs) + _measure(made.var)
    try:
        with write_whole(path) as partial, write_hdf5(partial, room_bytes) as file:
            write_elem(file, "/", made)
    except OSError as error:
        raise InvalidInputError(f"cannot write {path}: {_describe_error(error)}") from error


def _measure(table: "DataFrame") -> int:
    """The most bytes that a table takes in a file: its text is shorter there than in memory, but for references."""
    return _STRUCTURE_BYTES + 2 * int(table.memory_usage(deep=True).sum())


def _describe_error(error: OSError) -> str:
    """HDF5 puts descriptors, addresses and offsets into the text of its errors."""
    return os.strerror(error.errno) if error.errno else str(error)


def _require_anndata() -> None:
    try:
        import anndata  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError(_NEEDED) from error


def _read_images(
    source: IonImageSource, annotations: Sequence[Annotation], on_progress: ProgressCallback
) -> tuple[npt.NDArray[np.float32], AcquisitionMask]:
    """(N, H, W), NaN for an image that could not be read; and the pixels acquired for any of them."""
    number = {annotation.annotation_id: row for row, annotation in enumerate(annotations)}
    values: npt.NDArray[np.float32] | None = None
    mask: AcquisitionMask | None = None
    for fetched in follow(source.fetch(annotations), "reading for AnnData", len(annotations), on_progress):
        image = fetched.ion_image
        if image is None:
            continue
        if values is None or mask is None:
            _require_room(len(annotations) * image.intensities.size)
            values = np.full((len(annotations), *image.shape), np.nan, dtype=np.float32)
            mask = np.zeros(image.shape, dtype=np.bool_)
        if image.shape != mask.shape:
            raise InvalidInputError(
                f"expected ion images of one size for an .h5ad file, got {mask.shape} and {image.shape} px"
            )
        values[number[fetched.annotation_id]] = image.intensities
        mask |= image.acquisition_mask
    if values is None or mask is None:
        raise InvalidInputError("expected at least one readable ion image for an .h5ad file, got none")
    return values, mask


def _require_room(count: int) -> None:
    if count > _MOST_VALUES:
        raise TooLargeError(
            f"an .h5ad file of {count:,} values is made in memory; expected at most {_MOST_VALUES:,} (pixels x ions)"
        )


def _align(names: Sequence[str], annotations: Sequence[Annotation], found: DatasetRows) -> list[ResultRow | None]:
    """The row of each variable."""
    by_id = {row.annotation_id: row for row in found.rows}
    rows_by_id = number_rows(names)
    rows: list[ResultRow | None] = [None] * len(names)
    for annotation in annotations:
        number = find_row(annotation, rows_by_id, len(names))
        if number is not None:
            rows[number] = by_id.get(annotation.annotation_id)
    return rows


def _make_columns(rows: Sequence[ResultRow | None]) -> Mapping[str, Any]:
    """Columns of `var`; NaN or empty where there is no value."""

    def number(name: str) -> npt.NDArray[np.float64]:
        given = [None if row is None else getattr(row, name) for row in rows]
        return np.asarray([np.nan if value is None else value for value in given], dtype=np.float64)

    return {
        "off_sample_probability": number("off_sample_probability"),
        "off_sample_label": _as_text([(row.label or "") if row else "" for row in rows]),
        "off_sample_status": _as_text([row.status if row else "" for row in rows]),
        "member_spread": number("member_spread"),
        "uncertain": np.asarray([bool(row and row.uncertain) for row in rows]),
    }


def _as_text(values: Sequence[str]) -> npt.NDArray[np.object_]:
    """Texts as objects: anndata does not write those that pandas keeps in Arrow's form."""
    return np.asarray(values, dtype=object)


def _describe(found: DatasetRows) -> dict[str, Any]:
    return {
        "release": found.release,
        "dataset_id": found.dataset_id,
        "conclusion": found.conclusion,
        "assessment": " ".join(found.assessment),
    }
