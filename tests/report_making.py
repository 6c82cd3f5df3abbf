"""Dataset reports to look at: of known ion images, and of labels that a test chooses."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from model_store.predictors.predictor import Predictor
from model_store.release import open_release
from shared.ion_image import IonImage
from worker.classification.assessment import measure_extent
from worker.classification.classification import Classification
from worker.messages.event import Annotation
from worker.messages.results import ResultRow
from worker.report.page import write_report
from worker.report.page_data import ClassifiedDataset
from worker.report.tile_buffer import TileBuffer


def classified(annotation_id: str, probability: float) -> ResultRow:
    """A row as the shipped release would make it."""
    return ResultRow(
        annotation_id=annotation_id,
        status="classified",
        label="off" if probability >= 0.5 else "on",
        off_sample_probability=probability,
        member_spread=0.01,
        uncertain=0.3 <= probability <= 0.7,
    )


def make_report(
    path: Path,
    rows: Sequence[ResultRow],
    images: Mapping[str, IonImage],
    annotations: Sequence[Annotation] | None = None,
    dataset_id: str = "bladder",
    predictor: Predictor | None = None,
) -> Path:
    """Write the report of a dataset with these rows and images."""
    manifest = open_release().manifest
    shapes = Counter(image.shape for image in images.values())
    extents = {annotation_id: measure_extent(image) for annotation_id, image in images.items()}
    dataset = ClassifiedDataset(
        dataset_id,
        annotations or [Annotation(annotation_id=row.annotation_id) for row in rows],
        Classification(list(rows), shapes, extents=extents),
        manifest,
        manifest.threshold,
    )
    with TileBuffer(len(rows)) as tiles:
        for annotation_id, image in images.items():
            tiles.add(annotation_id, image)
        write_report(path, dataset, tiles, predictor)
    return path
