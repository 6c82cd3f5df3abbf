"""What a page is told about a dataset: numbers and texts, as JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model_store.manifest import Manifest
from worker.classification.classification import Classification
from worker.messages.event import Annotation, DatasetAnnotated, MetaspaceIonImages
from worker.messages.results import ResultRow
from worker.report.area_figures import AreaFigures
from worker.report.review_order import order_for_review
from worker.report.tile import HOT_LEVELS, LINEAR_LEVELS, NOT_ACQUIRED
from worker.report.tile_buffer import TileBuffer
from worker.report.tile_packing import TilePacking, pack_codes
from worker.sources.imzml_file import known_mz

_DIGITS = 5
"""Significant digits of intensities."""


@dataclass(frozen=True, eq=False)
class ClassifiedDataset:
    """A dataset and what was found out about it."""

    dataset_id: str
    annotations: Sequence[Annotation]
    found: Classification
    manifest: Manifest
    threshold: float
    """The one that was used, which may be another than the release's."""
    notes: Sequence[str] = ()
    """As of `IonImageSource.notes`."""
    loose: bool = False
    """Whether each image is a dataset of its own."""
    provenance: Mapping[str, str] | None = None
    """What was read, with which options; by a name for people."""


def describe_location(data: DatasetAnnotated) -> dict[str, str]:
    """Where ion images came from and how they were read, by names for people."""
    location = data.ion_images
    options = location.model_dump(exclude={"kind", "uri"}, exclude_none=True)
    read_from = {} if isinstance(location, MetaspaceIonImages) else {"Read from": location.uri}
    listed = {} if data.annotations_uri is None else {"Ions from": data.annotations_uri}
    named = {name.replace("_", " "): str(value) for name, value in options.items()}
    return read_from | {"Kind": location.kind} | named | listed


def sort_by_confidence(rows: Sequence[ResultRow], threshold: float) -> list[str]:
    """Annotation ids in the order in which the page shows them first: far from the threshold first, none last."""

    def distance(row: ResultRow) -> float:
        return -1.0 if row.off_sample_probability is None else abs(row.off_sample_probability - threshold)

    return [row.annotation_id for row in sorted(rows, key=distance, reverse=True)]


def make_page_data(
    dataset: ClassifiedDataset, tiles: TileBuffer, packing: TilePacking, figures: AreaFigures | None
) -> dict[str, Any]:
    """Everything that the page's script reads but the tiles."""
    return {
        "dataset_id": dataset.dataset_id,
        "release": dataset.manifest.version,
        "threshold": dataset.threshold,
        "uncertain_band": dataset.manifest.uncertain_band,
        "codes": {"linear": LINEAR_LEVELS, "hot": HOT_LEVELS, "not_acquired": NOT_ACQUIRED},
        "ions": _make_columns(dataset, tiles, packing, figures),
        "figures": None if figures is None else _make_figures(figures),
    }


def _make_columns(
    dataset: ClassifiedDataset, tiles: TileBuffer, packing: TilePacking, figures: AreaFigures | None
) -> dict[str, list[Any]]:
    """One list a field, in the order of the annotations."""
    rows = dataset.found.rows
    annotations = {annotation.annotation_id: annotation for annotation in dataset.annotations}
    ordered = [annotations[row.annotation_id] for row in rows]
    ids = [row.annotation_id for row in rows]
    means = {} if figures is None else figures.means
    block_of = {one: number for number, block in enumerate(packing.blocks) for one in block}
    ordered_for_review = order_for_review(rows, tiles, dataset.threshold)
    review = {one: number for number, one in enumerate(ordered_for_review)}
    place_of = {one: place for block in packing.blocks for place, one in enumerate(block)}

    def of_tiles(read: Callable[[str], Any]) -> list[Any]:
        return [read(one) if one in tiles else None for one in ids]

    extents = [dataset.found.extents.get(one) for one in ids]
    return {
        "id": ids,
        "mz": [known_mz(annotation) for annotation in ordered],
        "formula": [annotation.formula for annotation in ordered],
        "adduct": [annotation.adduct for annotation in ordered],
        "status": [row.status for row in rows],
        "probability": [row.off_sample_probability for row in rows],
        "spread": [row.member_spread for row in rows],
        "uncertain": [row.uncertain is True for row in rows],
        "reason": [row.reason for row in rows],
        "total": [None if extent is None else _round(extent.total) for extent in extents],
        "maximum": [None if extent is None else _round(extent.maximum) for extent in extents],
        "signal_share": [None if extent is None else _round(extent.signal_share) for extent in extents],
        "shape": of_tiles(tiles.shape),
        "ceiling": of_tiles(lambda one: _round(tiles.scale(one)[0])),
        "highest": of_tiles(lambda one: _round(tiles.scale(one)[1])),
        "block": [block_of.get(one) for one in ids],
        "place": [place_of.get(one) for one in ids],
        "review": [review.get(one) for one in ids],
        "mean_on": [_round(means[one].on) if one in means else None for one in ids],
        "mean_off": [_round(means[one].off) if one in means else None for one in ids],
    }


def _make_figures(figures: AreaFigures) -> dict[str, Any]:
    mean = np.rint(figures.mean_image / max(float(figures.mean_image.max()), 1e-9) * LINEAR_LEVELS).astype(np.uint8)
    mean[~figures.acquired] = NOT_ACQUIRED
    return {
        "shape": figures.mask.shape,
        "packed": pack_codes([figures.mask.astype(np.uint8), mean]),
        "off_sample_area": figures.off_sample_area,
        "confidence": round(figures.confidence, 3),
        "sample_share": round(float(figures.mask.sum() / max(figures.acquired.sum(), 1)), 4),
    }


def _round(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")
