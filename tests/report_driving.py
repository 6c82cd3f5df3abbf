"""A small dataset whose report a browser shows, and what a test reads from the page."""

from base64 import b64decode
from io import BytesIO

import numpy as np
from PIL import Image
from playwright.sync_api import Page, ViewportSize
from report_making import classified

from shared.ion_image import IonImage, make_ion_image
from worker.messages.event import Annotation
from worker.messages.results import ResultRow

HOSTILE = '<img src=x onerror="window.hacked = 1"></script><script>window.hacked = 1</script>'
ROWS = [
    classified("sure off", 0.97),
    classified("less off", 0.81),
    classified("doubtful", 0.6),
    classified("sure on", 0.01),
    classified(HOSTILE, 0.2),
    ResultRow(annotation_id="silent", status="no_signal", reason="every acquired pixel is 0"),
    ResultRow(annotation_id="broken", status="unreadable", reason=f"PNG is truncated {HOSTILE}"),
]
ANNOTATIONS = [
    Annotation(annotation_id="sure off", mz=500.0, formula="C6H12O6", adduct="+H"),
    Annotation(annotation_id="less off", mz=500.004),
    Annotation(annotation_id="doubtful", mz=500.1),
    Annotation(annotation_id="sure on", mz=300.0, formula="C10H16", adduct="+Na"),
    Annotation(annotation_id=HOSTILE, mz=250.0, formula=HOSTILE, adduct="<b>+H</b>"),
    Annotation(annotation_id="silent", mz=200.0),
    Annotation(annotation_id="broken", mz=201.0),
]
PHONE: ViewportSize = {"width": 390, "height": 844}


def make_images() -> dict[str, IonImage]:
    """A disc on the left half or everything around it; the last column was not acquired."""
    rows, columns = np.mgrid[:24, :30]
    inside = (rows - 12) ** 2 + (columns - 12) ** 2 < 64
    acquired = np.broadcast_to(columns < 29, inside.shape)
    generator = np.random.default_rng(0)
    pictures = {
        row.annotation_id: make_ion_image(generator.poisson(np.where(inside == (row.label == "on"), 60, 2)), acquired)
        for row in ROWS
        if row.status == "classified"
    }
    return pictures | {"silent": make_ion_image(np.zeros((24, 30)))}


def names_in(page: Page, pane: str) -> list[str]:
    """The names of the tiles of a pane, in their order."""
    tiles = page.locator(f"#grid-{pane} .tile:not([hidden])")
    found = [
        (int(tile.get_attribute("aria-posinset") or 0), tile.locator(".name").inner_text()) for tile in tiles.all()
    ]
    return [name for _, name in sorted(found)]


def pixels_of(page: Page, selector: str) -> np.ndarray:
    """(H, W, 4) of a canvas."""
    png: str = page.locator(selector).first.evaluate("canvas => canvas.toDataURL()")
    with Image.open(BytesIO(b64decode(png.partition(",")[2]))) as picture:
        return np.asarray(picture.convert("RGBA"))


def colours_of(pixels: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(pixel) for pixel in pixels.reshape(-1, 4).tolist()}
