"""The picture of two releases: all probabilities against each other, and the ion images that they differ on most."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from shared.ion_image import IonImage
from worker.classification.release_comparison import ComparedIon, ReleaseComparison
from worker.cli.outputs.gallery import colour_image
from worker.cli.outputs.picture_file import save_picture

MOST_TILES = 12
"""Ion images on the picture, the most different ones."""

_PLOT_PX, _GAP_PX, _AXIS_PX, _TILE_PX, _CAPTION_PX, _COLUMNS = 480, 20, 56, 170, 44, 4
_DOT_PX = 3
_INK, _FAINT, _PAPER = (20, 24, 32), (110, 116, 128), (255, 255, 255)
_SAME_LABEL, _OTHER_LABEL = (33, 113, 181), (214, 40, 40)
_CAPTION_LETTERS = 28


def draw_comparison(
    comparison: ReleaseComparison, ion_images: Mapping[str, IonImage], captions: Mapping[str, str], path: Path
) -> None:
    """Draw a PNG file.

    Parameters
    ----------
    ion_images
        By annotation id, of the first `MOST_TILES` ions of the comparison.
    captions
        By annotation id, a short name such as the m/z; the id itself where there is none.

    Raises
    ------
    InvalidInputError
        When `path` cannot be written.
    """
    ions = [ion for ion in comparison.ions[:MOST_TILES] if ion.annotation_id in ion_images]
    lines = -(-len(ions) // _COLUMNS)
    left = _AXIS_PX + _PLOT_PX + 2 * _GAP_PX
    width = left + _COLUMNS * (_TILE_PX + _GAP_PX)
    height = 3 * _GAP_PX + max(_PLOT_PX + _AXIS_PX, lines * (_TILE_PX + _CAPTION_PX + _GAP_PX))
    page = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(page)
    title = f"{comparison.dataset_id}: {comparison.other_label} of {comparison.compared} ion images have another label"
    draw.text((_GAP_PX, 6), title, _INK, font=ImageFont.load_default(18))
    _draw_plot(draw, comparison, (_AXIS_PX, 2 * _GAP_PX))
    for number, ion in enumerate(ions):
        line, column = divmod(number, _COLUMNS)
        corner = (left + column * (_TILE_PX + _GAP_PX), 2 * _GAP_PX + line * (_TILE_PX + _CAPTION_PX + _GAP_PX))
        _draw_tile(page, corner, ion_images[ion.annotation_id])
        _draw_caption(draw, corner, ion, captions.get(ion.annotation_id, ion.annotation_id))
    save_picture(page, path)


def _draw_plot(draw: ImageDraw.ImageDraw, comparison: ReleaseComparison, corner: tuple[int, int]) -> None:
    """A dot for each ion image: the first release to the right, the second upwards; red where the labels differ."""
    left, top = corner
    draw.rectangle((left, top, left + _PLOT_PX, top + _PLOT_PX), outline=_FAINT)
    draw.line((left, top + _PLOT_PX, left + _PLOT_PX, top), _FAINT)
    for ion in reversed(comparison.ions):
        x = left + round(ion.first_probability * _PLOT_PX)
        y = top + _PLOT_PX - round(ion.second_probability * _PLOT_PX)
        colour = _SAME_LABEL if ion.first_label == ion.second_label else _OTHER_LABEL
        draw.ellipse((x - _DOT_PX, y - _DOT_PX, x + _DOT_PX, y + _DOT_PX), fill=colour)
    font = ImageFont.load_default(13)
    for share in (0.0, 0.5, 1.0):
        at = round(share * _PLOT_PX)
        draw.text((left + at - 8, top + _PLOT_PX + 4), f"{share:g}", _FAINT, font=font)
        draw.text((left - 28, top + _PLOT_PX - at - 8), f"{share:g}", _FAINT, font=font)
    key = f"P(off): {comparison.first.release} to the right, {comparison.second.release} upwards; red: another label"
    draw.text((left, top + _PLOT_PX + 24), key, _INK, font=font)


def _draw_tile(page: Image.Image, corner: tuple[int, int], ion_image: IonImage) -> None:
    height, width = ion_image.shape
    scale = _TILE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resampling = Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST
    tile = Image.fromarray(colour_image(ion_image)).resize(size, resampling)
    page.paste(tile, (corner[0] + (_TILE_PX - size[0]) // 2, corner[1] + (_TILE_PX - size[1]) // 2))


def _draw_caption(draw: ImageDraw.ImageDraw, corner: tuple[int, int], ion: ComparedIon, name: str) -> None:
    left, bottom = corner[0], corner[1] + _TILE_PX
    ink = _INK if ion.first_label == ion.second_label else _OTHER_LABEL
    draw.text((left, bottom + 4), name[:_CAPTION_LETTERS], _INK, font=ImageFont.load_default(12))
    numbers = f"P(off) {ion.first_probability:.3f} and {ion.second_probability:.3f}"
    draw.text((left, bottom + 21), numbers, ink, font=ImageFont.load_default(12))


def list_drawn(comparison: ReleaseComparison) -> Sequence[str]:
    """Annotation ids of the ion images that the picture shows."""
    return [ion.annotation_id for ion in comparison.ions[:MOST_TILES]]
