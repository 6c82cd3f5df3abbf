"""A gallery: one page of ion images, off-sample first, sorted by probability."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from shared.ion_image import IonImage
from shared.preprocessing import scale_intensities
from shared.progress import ProgressCallback, follow, ignore_progress
from worker.cli.outputs.picture_file import save_picture
from worker.messages.event import Annotation
from worker.messages.results import Label, ResultRow
from worker.sources.source import IonImageSource

MOST_TILES = 200
"""Ion images on one page: the most confident ones of each label."""

_COLUMNS = 10
_TILE_PX = 150
_CAPTION_PX = 36
_GAP_PX = 12
_HEADING_PX = 46
_CAPTION_LETTERS = 26
_BRIGHTENING = 0.6
"""Exponent of the scaled intensities that makes weak signal visible."""
_INK, _FAINT, _PAPER = (20, 24, 32), (110, 116, 128), (255, 255, 255)
_DISAGREES = (214, 40, 40)
_NOT_ACQUIRED = (225, 228, 233)
_HEADINGS: dict[Label, str] = {"off": "Off-sample", "on": "On-sample"}
# Nine points of matplotlib's viridis (CC0).
_VIRIDIS = (
    (68, 1, 84),
    (71, 44, 122),
    (59, 81, 139),
    (44, 113, 142),
    (33, 144, 141),
    (39, 173, 129),
    (92, 200, 99),
    (170, 220, 50),
    (253, 231, 37),
)


@dataclass(frozen=True)
class GalleryText:
    """The text of a gallery, and the labels it compares with."""

    title: str
    captions: Mapping[str, str]
    """Annotation id -> a short name, such as its m/z; the id itself where there is none."""
    expected: Mapping[str, str]
    """Annotation id -> "on" or "off" by eye, where known; a tile with another label gets a red frame."""
    totals: Mapping[Label, int] = field(default_factory=dict)
    """How many ion images have each label, where not all are drawn."""


def make_gallery(  # noqa: PLR0913 - options of the caller
    source: IonImageSource,
    annotations: Sequence[Annotation],
    rows: Sequence[ResultRow],
    path: Path,
    title: str,
    *,
    expected: Mapping[str, str] | None = None,
    most: int = MOST_TILES,
    on_progress: ProgressCallback = ignore_progress,
) -> None:
    """Draw the most confident ion images of each label of a classified source.

    The ion images are read again, so that classifying keeps none in memory.

    Parameters
    ----------
    expected
        As `GalleryText.expected`.
    most
        Ion images on the page.
    """
    tiles = choose_tiles(rows, most)
    chosen = {row.annotation_id for label_rows in tiles.values() for row in label_rows}
    wanted = [annotation for annotation in annotations if annotation.annotation_id in chosen]
    fetched = follow(source.fetch(wanted), "reading for the gallery", len(wanted), on_progress)
    ion_images = {one.annotation_id: one.ion_image for one in fetched if one.ion_image is not None}
    captions = {one.annotation_id: f"m/z {one.mz:.4f}" for one in wanted if one.mz is not None}
    totals = Counter(row.label for row in rows if row.label is not None)
    draw_gallery(tiles, ion_images, GalleryText(title, captions, expected or {}, totals), path)


def choose_tiles(rows: Sequence[ResultRow], most: int = MOST_TILES) -> dict[Label, list[ResultRow]]:
    """The classified rows of each label, most confident first, `most` in all."""
    off = sorted((row for row in rows if row.label == "off"), key=_probability, reverse=True)
    on = sorted((row for row in rows if row.label == "on"), key=_probability)
    off_share = min(len(off), max(most // 2, most - len(on)))
    return {"off": off[:off_share], "on": on[: most - off_share]}


def draw_gallery(
    tiles: Mapping[Label, Sequence[ResultRow]], ion_images: Mapping[str, IonImage], text: GalleryText, path: Path
) -> None:
    """Draw a PNG page.

    Parameters
    ----------
    tiles
        As returned by `choose_tiles`.
    ion_images
        Annotation id -> ion image, for every tile.

    Raises
    ------
    InvalidInputError
        When `path` cannot be written.
    """
    tiles = {label: rows for label, rows in tiles.items() if rows}
    page = _Page(tiles, ion_images, text)
    top = _HEADING_PX
    for label, rows in tiles.items():
        all_rows = text.totals.get(label, len(rows))
        shown = f"{len(rows)}" if all_rows == len(rows) else f"the {len(rows)} most confident of {all_rows}"
        page.draw_text((_GAP_PX, top + 14), f"{_HEADINGS[label]} ({shown})", 18)
        top += _HEADING_PX
        for number, row in enumerate(rows):
            line, column = divmod(number, _COLUMNS)
            page.draw_tile((_GAP_PX + column * (_TILE_PX + _GAP_PX), top + line * page.line_height), row)
        top += _count_lines(rows) * page.line_height
    save_picture(page.picture, path)


class _Page:
    """The page while it is drawn."""

    def __init__(
        self, tiles: Mapping[Label, Sequence[ResultRow]], ion_images: Mapping[str, IonImage], text: GalleryText
    ) -> None:
        self._ion_images = ion_images
        self._text = text
        steepness = max((image.shape[0] / image.shape[1] for image in ion_images.values()), default=1.0)
        self._tile_height = int(np.clip(_TILE_PX * steepness, 40, 2 * _TILE_PX))
        self.line_height = self._tile_height + _CAPTION_PX + _GAP_PX
        height = (len(tiles) + 1) * _HEADING_PX + sum(map(_count_lines, tiles.values())) * self.line_height + _GAP_PX
        self.picture = Image.new("RGB", (_COLUMNS * (_TILE_PX + _GAP_PX) + _GAP_PX, height), _PAPER)
        self._draw = ImageDraw.Draw(self.picture)
        self.draw_text((_GAP_PX, _GAP_PX), text.title, 20)

    def draw_text(self, corner: tuple[int, int], text: str, size: int, ink: tuple[int, int, int] = _INK) -> None:
        self._draw.text(corner, text, ink, font=ImageFont.load_default(size))

    def draw_tile(self, corner: tuple[int, int], row: ResultRow) -> None:
        """One ion image with its caption; with a red frame when the label by eye differs."""
        left, top = corner
        bottom = top + self._tile_height
        tile = self._make_tile(self._ion_images[row.annotation_id])
        offset = ((_TILE_PX - tile.width) // 2, (self._tile_height - tile.height) // 2)
        self.picture.paste(tile, (left + offset[0], top + offset[1]))
        expected = self._text.expected.get(row.annotation_id)
        if expected in ("on", "off") and expected != row.label:
            self._draw.rectangle((left - 3, top - 3, left + _TILE_PX + 2, bottom + 2), outline=_DISAGREES, width=3)
        caption = self._text.captions.get(row.annotation_id, row.annotation_id)
        self.draw_text((left, bottom + 3), caption[:_CAPTION_LETTERS], 12)
        self.draw_text((left, bottom + 18), f"P(off) {_probability(row):.3f}", 12, _FAINT)

    def _make_tile(self, ion_image: IonImage) -> Image.Image:
        height, width = ion_image.shape
        scale = min(_TILE_PX / width, self._tile_height / height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        resampling = Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST
        return Image.fromarray(colour_image(ion_image)).resize(size, resampling)


def _count_lines(rows: Sequence[ResultRow]) -> int:
    return -(-len(rows) // _COLUMNS)


def colour_image(ion_image: IonImage) -> npt.NDArray[np.uint8]:
    """(H, W, 3): viridis over the network's own scaling, brightened; grey where nothing was acquired."""
    scaled = scale_intensities(ion_image) ** _BRIGHTENING
    points = np.linspace(0, 1, len(_VIRIDIS))
    channels = [np.interp(scaled, points, values) for values in zip(*_VIRIDIS, strict=True)]
    colours = np.stack(channels, axis=-1).astype(np.uint8)
    colours[~ion_image.acquisition_mask] = _NOT_ACQUIRED
    return colours


def _probability(row: ResultRow) -> float:
    return row.off_sample_probability if row.off_sample_probability is not None else 0.0
