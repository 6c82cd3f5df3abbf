"""Labels of the ions of an acquisition, from files of three formats, matched to the ion images.

The project's own label files name ions (`annotation_id`, `index` or `file`). A table of METASPACE's annotations, as its
web page or its Python client saves it, has a column `offSample`: the prediction of METASPACE's own network. Those of
IonMorphNet (github.com/CeMOS-IS/IonMorphNet, data/labeling/csv) have `filename`, `mz` and `label`: shapes of ion
images, by people.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidInputError
from shared.files.table_file import read_table
from training.acquisitions.acquisition import AcquisitionLabel
from training.labelled.label_rows import read_label_rows
from training.labelled.labelled_image import LABELS, UNCLEAR

MATCHING_PPM = 3.0
"""Half width of the window for matching an m/z to an ion image; the same as METASPACE's."""

_COLUMNS = ("offsample", "filename", "mz", "label", "ion", "formula", "adduct", "annotation_id")
_OFF_SAMPLE: Mapping[str, AcquisitionLabel] = {"true": "off", "false": "on", "1": "off", "0": "on"}
_MORPHOLOGIES: Mapping[str, AcquisitionLabel] = {
    "negative": "off",  # "only the outside of the sample region" (its labeling_guide.md)
    "structured": "on",
    "weak_structured": "on",
    "localized": "on",
    "fragmented": "on",
    "unstructured": "unclear",  # "no anatomical correspondence"
}


class LabelSource(StrEnum):
    """The source of the labels."""

    PEOPLE = "people"
    METASPACE = "METASPACE's own network"
    IONMORPHNET = "IonMorphNet's people, by the shape of the ion image"


@dataclass(frozen=True)
class IonLabel:
    """One ion's label, and what identifies the ion: an id, a row number, or an m/z."""

    label: AcquisitionLabel
    annotation_ids: tuple[str, ...] = ()
    """Possible names of the ion."""

    index: int | None = None
    mz: float | None = None
    dataset: str | None = None
    """Name of its dataset, where the file has it."""


@dataclass(frozen=True)
class IonLabels:
    """The labels of one file."""

    source: LabelSource
    labels: tuple[IonLabel, ...]


def read_ion_labels(path: Path) -> IonLabels:
    """Read a label file in any of the three formats; ions without a label are left out.

    Raises
    ------
    InvalidInputError
        When it cannot be read, has none of these formats, or contains an unknown class.
    """
    if path.suffix.lower() != ".csv":
        return IonLabels(LabelSource.PEOPLE, tuple(_read_own(path)))
    try:
        table = read_table(path.read_bytes(), f"label file {path.name}", _COLUMNS)
    except OSError as error:
        raise InvalidInputError(f"label file {path.name} cannot be read ({error.strerror})") from error
    names = {column.lower(): column for column in table.columns}
    if "offsample" in names:
        return IonLabels(LabelSource.METASPACE, tuple(_read_metaspace(table.rows, names)))
    if {"filename", "mz", "label"} <= set(names) and "annotation_id" not in names:
        return IonLabels(LabelSource.IONMORPHNET, tuple(_read_ionmorphnet(table.rows, names, path.name)))
    return IonLabels(LabelSource.PEOPLE, tuple(_read_own(path)))


def match_labels(
    found: IonLabels,
    annotation_ids: Sequence[str],
    mz: npt.NDArray[np.float64] | None,
    what: str,
    dataset: str | None = None,
) -> list[AcquisitionLabel | None]:
    """One label for every ion image; None where the file has none.

    An ion is matched by id, row number, or the ion image with the nearest m/z within `MATCHING_PPM`. Two contradictory
    labels become "unclear" where they come from a network or an m/z, and are refused where a person named the ion.

    Parameters
    ----------
    what
        The label file, for messages.
    dataset
        Rows of other datasets are skipped, where rows name their dataset.

    Raises
    ------
    InvalidInputError
        When a person's label matches no ion image or an ion has two, or when no row of the file matches any.
    """
    matched: dict[int, set[AcquisitionLabel]] = defaultdict(set)
    row_of = {annotation_id: row for row, annotation_id in enumerate(annotation_ids)}
    manual = found.source is LabelSource.PEOPLE
    for label in found.labels:
        if not manual and None not in (dataset, label.dataset) and label.dataset != dataset:
            continue
        row = _find_row(label, row_of, mz)
        if row is None and manual:
            name = label.annotation_ids[0] if label.annotation_ids else label.index
            raise InvalidInputError(f"expected one of the {len(annotation_ids):,} ion images in {what}, got {name!r}")
        if row is not None:
            matched[row].add(label.label)
    if found.labels and not matched:
        raise InvalidInputError(f"expected ids or m/z of the ion images in {what}, got none of them")
    twice = next((row for row, labels in matched.items() if len(labels) > 1), None)
    if twice is not None and manual:
        raise InvalidInputError(f"expected one label per ion in {what}, got several for {annotation_ids[twice]!r}")
    return [_resolve(matched.get(row)) for row in range(len(annotation_ids))]


def _resolve(labels: set[AcquisitionLabel] | None) -> AcquisitionLabel | None:
    if not labels:
        return None
    return next(iter(labels)) if len(labels) == 1 else "unclear"


def _find_row(label: IonLabel, row_of: Mapping[str, int], mz: npt.NDArray[np.float64] | None) -> int | None:
    for name in label.annotation_ids:
        if name in row_of:
            return row_of[name]
    if label.index is not None:
        return label.index if label.index < len(row_of) else None
    if label.mz is None or mz is None or len(mz) == 0:
        return None
    distance = np.abs(mz - label.mz)
    nearest = int(np.argmin(distance))
    return nearest if distance[nearest] <= MATCHING_PPM * 1e-6 * label.mz else None


def _read_own(path: Path) -> Iterator[IonLabel]:
    for row in read_label_rows(path):
        label: AcquisitionLabel | None = "unclear" if row.label == UNCLEAR else LABELS.get(row.label)
        if label is None:
            continue
        if row.by_index and not (row.annotation_id.isascii() and row.annotation_id.isdigit()):
            raise InvalidInputError(
                f"expected a row number as index in label file {path.name}, got {row.annotation_id!r}"
            )
        if row.by_index:
            yield IonLabel(label, index=int(row.annotation_id))
        else:
            yield IonLabel(label, (row.annotation_id, Path(row.annotation_id).stem), mz=row.mz)


def _read_metaspace(rows: Iterator[tuple[int, dict[str, str]]], names: Mapping[str, str]) -> Iterator[IonLabel]:
    for _, row in rows:
        cells = {name: row.get(column, "") for name, column in names.items()}
        label = _OFF_SAMPLE.get(cells["offsample"].lower())
        if label is not None:
            ion, formula = cells.get("ion", ""), cells.get("formula", "")
            ids = [ion, f"{formula}{cells.get('adduct', '')}" if formula else ""]
            dataset = cells.get("datasetid") or None
            yield IonLabel(label, tuple(one for one in ids if one), mz=_read_mz(cells.get("mz", "")), dataset=dataset)


def _read_ionmorphnet(
    rows: Iterator[tuple[int, dict[str, str]]], names: Mapping[str, str], file: str
) -> Iterator[IonLabel]:
    for number, row in rows:
        shape, mz = row.get(names["label"], "").lower(), _read_mz(row.get(names["mz"], ""))
        if shape not in _MORPHOLOGIES or mz is None:
            raise InvalidInputError(
                f"line {number} of {file}: expected an m/z and one of {', '.join(_MORPHOLOGIES)},"
                f" got {row.get(names['mz'], '')!r} and {shape!r}"
            )
        yield IonLabel(_MORPHOLOGIES[shape], mz=mz, dataset=Path(row.get(names["filename"], "")).stem or None)


def _read_mz(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) and value > 0 else None
