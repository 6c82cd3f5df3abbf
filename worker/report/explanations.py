"""Occlusion maps for a report: of the ion images whose labels are most in doubt."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from model_store.area.dataset_prediction import predict_alike, predict_dataset
from model_store.context.dataset_context import add_context, read_context
from model_store.predictors.predictor import Predictor
from shared.ion_image import IonImage
from shared.preprocessing import NetworkInputs, preprocess
from shared.progress import ProgressCallback, ignore_progress
from worker.classification.occlusion import OcclusionMap, Predict, find_occlusion
from worker.messages.results import ResultRow
from worker.report.tile import NOT_ACQUIRED, Tile, decode_tile
from worker.report.tile_buffer import TileBuffer
from worker.report.tile_packing import pack_codes

NEAREST: Final = 20
"""Ion images nearest the threshold that are explained, certain or not."""

MOST_EXPLAINED: Final = 80
"""A map takes a hundred predictions, so of many uncertain images only those nearest the threshold are explained."""

_BATCH = 128


@dataclass(frozen=True, eq=False)
class Explainer:
    """Makes occlusion maps of ion images from their tiles."""

    predict: Predict
    tiles: TileBuffer

    def explain(self, annotation_id: str) -> OcclusionMap:
        """The occlusion map of one ion image."""
        return find_occlusion(_preprocess([self.tiles.read(annotation_id)])[0], self.predict)


def open_explainer(predictor: Predictor, tiles: TileBuffer, annotation_ids: Sequence[str], *, loose: bool) -> Explainer:
    """An explainer for a dataset with these ion images; each of the `loose` ones is predicted alone."""

    def batches() -> Iterator[NetworkInputs]:
        for start in range(0, len(annotation_ids), _BATCH):
            yield _preprocess([tiles.read(one) for one in annotation_ids[start : start + _BATCH]])

    return Explainer(_choose_prediction(predictor, batches, loose=loose), tiles)


def _choose_prediction(predictor: Predictor, batches: Callable[[], Iterator[NetworkInputs]], *, loose: bool) -> Predict:
    """How an image of the dataset is predicted when a part of it is occluded, and the others are as they are."""
    manifest = predictor.release.manifest
    if manifest.kind == "area" and not loose:
        dataset = predict_dataset(predictor, batches)
        return predictor.predict if dataset is None else partial(predict_alike, predictor, dataset)
    if manifest.uses_context:
        context = None if loose else read_context(batches)
        return lambda inputs: predictor.predict(add_context(inputs, context))
    return predictor.predict


def choose_explained(rows: Sequence[ResultRow], threshold: float) -> list[str]:
    """The uncertain images and the `NEAREST` ones, nearest the threshold first, `MOST_EXPLAINED` at most."""
    found = [
        (abs(row.off_sample_probability - threshold), row) for row in rows if row.off_sample_probability is not None
    ]
    ordered = [row for _, row in sorted(found, key=lambda pair: pair[0])]
    chosen = [row.annotation_id for number, row in enumerate(ordered) if row.uncertain or number < NEAREST]
    return chosen[:MOST_EXPLAINED]


def pack_explanations(
    explainer: Explainer, annotation_ids: Sequence[str], on_progress: ProgressCallback = ignore_progress
) -> dict[str, Any]:
    """Maps of these images as the page reads them: each in steps of 1/127 of its own largest value, around 128."""
    scales, codes = [], []
    for number, annotation_id in enumerate(annotation_ids):
        on_progress("explaining labels", number, len(annotation_ids))
        found = explainer.explain(annotation_id)
        scale = max(float(np.abs(found).max()), 1e-9)
        scales.append(round(scale, 4))
        codes.append(np.rint(found / scale * 127 + 128).astype(np.uint8))
    side = codes[0].shape[0] if codes else 0
    return {"ids": list(annotation_ids), "scales": scales, "side": side, "packed": pack_codes(codes)}


def _preprocess(tiles: Sequence[Tile]) -> NetworkInputs:
    return preprocess([IonImage(decode_tile(tile), tile.codes != NOT_ACQUIRED) for tile in tiles])
