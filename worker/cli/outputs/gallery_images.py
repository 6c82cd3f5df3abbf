"""The gallery of a classified source; its ion images are read again, so that classifying keeps none in memory."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from worker.cli.outputs.gallery import GalleryText, choose_tiles, draw_gallery
from worker.messages.event import Annotation
from worker.messages.results import ResultRow
from worker.sources.source import IonImageSource


def make_gallery(
    source: IonImageSource,
    annotations: Sequence[Annotation],
    rows: Sequence[ResultRow],
    path: Path,
    title: str,
    expected: Mapping[str, str] | None = None,
) -> None:
    """Draw the most confident ion images of each label; see `GalleryText.expected`."""
    tiles = choose_tiles(rows)
    chosen = {row.annotation_id for label_rows in tiles.values() for row in label_rows}
    wanted = [annotation for annotation in annotations if annotation.annotation_id in chosen]
    ion_images = {
        fetched.annotation_id: fetched.ion_image for fetched in source.fetch(wanted) if fetched.ion_image is not None
    }
    captions = {one.annotation_id: f"m/z {one.mz:.4f}" for one in wanted if one.mz is not None}
    totals = Counter(row.label for row in rows if row.label is not None)
    draw_gallery(tiles, ion_images, GalleryText(title, captions, expected or {}, totals), path)
