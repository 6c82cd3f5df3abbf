"""What the tiles of a dataset show together: its sample mask, its mean image, and each ion's mean in either area."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
from skimage.transform import resize

from model_store.area.decision import AreaVerdict
from model_store.context.pixel_sketch import PixelSketch
from model_store.context.sample_mask import read_sample_mask
from shared.ion_image import AcquisitionMask, Intensities
from shared.progress import ProgressCallback, ignore_progress
from worker.classification.classification import Classification
from worker.report.tile import NOT_ACQUIRED, decode_tile, scale_tile
from worker.report.tile_buffer import TileBuffer

MASK_PIXELS: Final = 40_000
"""The sample mask is found on about this many pixels at most; a sketch holds 128 times as many numbers."""


@dataclass(frozen=True)
class AreaMeans:
    """Mean intensities of one ion over the pixels of either area."""

    on: float
    off: float | None
    """None when nothing measured is off-sample."""


@dataclass(frozen=True, eq=False)
class AreaFigures:
    """Figures of all ion images of one size."""

    acquired: AcquisitionMask
    """(H, W), pixels acquired in any image."""
    mask: npt.NDArray[np.bool_]
    """(H, W), True = sample."""
    mean_image: Intensities
    """(H, W) in [0, 1]."""
    off_sample_area: AreaVerdict | None
    confidence: float
    """Probability that `off_sample_area` is right, in [0, 1]."""
    means: dict[str, AreaMeans] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class KnownArea:
    """The sample mask of a dataset, and whether it has off-sample area."""

    mask: AcquisitionMask
    """(H, W), True = sample."""
    off_sample_area: AreaVerdict | None
    confidence: float


def find_area_figures(
    tiles: TileBuffer,
    annotation_ids: Sequence[str],
    classification: Classification,
    on_progress: ProgressCallback = ignore_progress,
) -> AreaFigures | None:
    """Read the tiles of the most frequent size three times; None when there is no tile.

    Parameters
    ----------
    classification
        Where its release predicts sample mask and off-sample area, these are shown; else those of the mask rule.
    """
    shapes = Counter(tiles.shape(annotation_id) for annotation_id in annotation_ids if annotation_id in tiles)
    if not shapes:
        return None
    shape = shapes.most_common(1)[0][0]
    chosen = [one for one in annotation_ids if one in tiles and tiles.shape(one) == shape]
    acquired = np.zeros(shape, dtype=np.bool_)
    for annotation_id in chosen:
        acquired |= tiles.read(annotation_id).codes != NOT_ACQUIRED
    mean_image = np.zeros(shape)
    for number, annotation_id in enumerate(chosen):
        on_progress("finding the sample", number, len(chosen))
        mean_image += scale_tile(tiles.read(annotation_id))
    known = _read_prediction(classification, acquired) or _apply_mask_rule(tiles, chosen, acquired)
    figures = AreaFigures(
        acquired,
        known.mask,
        (mean_image / len(chosen)).astype(np.float32),
        known.off_sample_area,
        known.confidence,
    )
    figures.means.update(_measure_means(tiles, chosen, known.mask, acquired & ~known.mask))
    return figures


def _read_prediction(classification: Classification, acquired: AcquisitionMask) -> KnownArea | None:
    """What the release predicts; None when it does not."""
    probability, predicted = classification.off_sample_area_probability, classification.sample_mask
    if probability is None or predicted is None:
        return None
    enlarged = resize(predicted, acquired.shape, order=1, mode="edge") > 0.5
    mask = acquired if classification.off_sample_area == "absent" else acquired & enlarged
    return KnownArea(np.asarray(mask), classification.off_sample_area, max(probability, 1 - probability))


def _apply_mask_rule(tiles: TileBuffer, annotation_ids: Sequence[str], acquired: AcquisitionMask) -> KnownArea:
    """What the mask rule finds in the ion images, on at most `MASK_PIXELS` pixels."""
    factor = ceil(sqrt(acquired.size / MASK_PIXELS))
    sketch = PixelSketch(_average(acquired.astype(np.float32), factor) > 0)
    for annotation_id in annotation_ids:
        sketch.add(_average(scale_tile(tiles.read(annotation_id)), factor)[np.newaxis])
    found = read_sample_mask(sketch)
    mask = _enlarge(found.mask, factor, acquired.shape) & acquired
    return KnownArea(mask, found.off_sample_area, found.confidence)


def _measure_means(
    tiles: TileBuffer, annotation_ids: Sequence[str], on: AcquisitionMask, off: AcquisitionMask
) -> dict[str, AreaMeans]:
    has_off = bool(off.any())
    means: dict[str, AreaMeans] = {}
    for annotation_id, tile in tiles.read_all(annotation_ids):
        intensities = decode_tile(tile)
        mean_on = float(intensities[on].mean(dtype=np.float64)) if on.any() else 0.0
        means[annotation_id] = AreaMeans(mean_on, float(intensities[off].mean(dtype=np.float64)) if has_off else None)
    return means


def _average(image: Intensities, factor: int) -> Intensities:
    """The mean of each square of `factor` x `factor` pixels; squares at the border are padded with 0."""
    if factor == 1:
        return image
    padded = np.pad(image, [(0, -side % factor) for side in image.shape])
    height, width = (side // factor for side in padded.shape)
    return np.asarray(padded.reshape(height, factor, width, factor).mean(axis=(1, 3), dtype=np.float32))


def _enlarge(mask: npt.NDArray[np.bool_], factor: int, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    return np.asarray(mask.repeat(factor, axis=0).repeat(factor, axis=1)[: shape[0], : shape[1]])
