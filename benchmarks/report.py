"""A dataset report of 5,000 ion images of 100 x 100 px: its size, and how a browser copes with it.

`python benchmarks/report.py [CHROMIUM]`. The ion images are those of the real acquisitions of training/data, resampled;
every pixel gets counting noise, so that no two images compress alike. The peer is the same page with a PNG for each ion
image in the document, as base64, which is what most reports do.
"""

import sys
import time
from base64 import b64encode
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from measuring import print_machine
from playwright.sync_api import Browser, Page, sync_playwright
from skimage.transform import resize

from model_store.release import open_release
from shared.ion_image import IonImage, make_ion_image
from shared.png.image import encode_png
from worker.classification.assessment import measure_extent
from worker.classification.classification import Classification
from worker.messages.event import Annotation
from worker.messages.results import ResultRow
from worker.report.page import write_report
from worker.report.page_data import ClassifiedDataset
from worker.report.tile_buffer import TileBuffer

IONS, SIDE_PX, COUNTS = 5_000, 100, 400
ACQUISITIONS = Path(__file__).parents[1] / "training" / "data" / "acquisitions"
SCREENS = 60
_COUNT_BLANK = """() => [...document.querySelectorAll(".tile:not([hidden]) canvas")].filter((canvas) => {
  const box = canvas.getBoundingClientRect();
  return box.bottom > 0 && box.top < innerHeight && canvas.classList.contains("waiting");
}).length"""


def draw_images() -> list[IonImage]:
    generator = np.random.default_rng(0)
    real = [image for path in sorted(ACQUISITIONS.glob("*/ion_images.npz")) for image in np.load(path)["images"]]
    scaled = [resize(image.astype(np.float64), (SIDE_PX, SIDE_PX), order=0) for image in real]
    scaled = [image / np.percentile(image, 99.5) * COUNTS / 4 for image in scaled if np.percentile(image, 99.5) > 0]
    return [make_ion_image(generator.poisson(np.maximum(scaled[n % len(scaled)], 0))) for n in range(IONS)]


def describe(images: list[IonImage]) -> ClassifiedDataset:
    generator = np.random.default_rng(1)
    manifest = open_release().manifest
    probabilities = generator.beta(0.4, 0.4, IONS).round(5)
    ids = [f"ion {number}" for number in range(IONS)]
    rows = [
        ResultRow(
            annotation_id=one,
            status="classified",
            label="off" if probability >= manifest.threshold else "on",
            off_sample_probability=probability,
            member_spread=0.01,
            uncertain=0.3 <= probability <= 0.7,
        )
        for one, probability in zip(ids, probabilities.tolist(), strict=True)
    ]
    extents = {one: measure_extent(image) for one, image in zip(ids, images, strict=True)}
    found = Classification(rows, Counter({(SIDE_PX, SIDE_PX): IONS}), extents=extents)
    annotations = [
        Annotation(annotation_id=one, mz=float(mz), formula="C35H30O20", adduct="+H")
        for one, mz in zip(ids, generator.uniform(100, 1000, IONS), strict=True)
    ]
    return ClassifiedDataset("benchmark", annotations, found, manifest, manifest.threshold)


def write_peer(path: Path, images: list[IonImage]) -> None:
    pictures = (f'<img src="data:image/png;base64,{b64encode(encode_png(one)).decode()}">' for one in images)
    with path.open("w") as stream:
        stream.write("<!doctype html><title>peer</title>")
        stream.writelines(pictures)


def open_page(page: Page, path: Path, ready: str) -> float:
    """Seconds until the expression is true, with the first picture on the screen."""
    started = time.perf_counter()
    page.goto(path.as_uri(), wait_until="commit")
    while not page.evaluate(ready):
        page.wait_for_timeout(10)
    return time.perf_counter() - started


def time_opening(browser: Browser, path: Path, ready: str) -> float:
    """As `open_page`, in a page of its own that is closed afterwards."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    try:
        return open_page(page, path, ready)
    finally:
        page.close()


def scroll(page: Page) -> tuple[int, int, float]:
    """Scroll in sixths of a screen: frames with a blank picture, all frames, and the slowest in milliseconds."""
    found = page.evaluate(
        f"""async () => {{
          const countBlank = {_COUNT_BLANK};
          let blank = 0, slowest = 0, last = performance.now();
          const frame = () => new Promise((resume) => requestAnimationFrame(resume));
          for (let screen = 0; screen < {SCREENS}; screen += 1) {{
            for (let step = 0; step < 6; step += 1) {{
              window.scrollBy(0, innerHeight / 6);
              await frame();
              const now = performance.now();
              slowest = Math.max(slowest, now - last);
              last = now;
              blank += countBlank() > 0;
            }}
          }}
          return [blank, slowest];
        }}"""
    )
    return found[0], SCREENS * 6, found[1]


print_machine()
images = draw_images()
with TemporaryDirectory() as folder, TileBuffer(IONS) as tiles, sync_playwright() as playwright:
    ours, peer = Path(folder, "report.html"), Path(folder, "peer.html")
    started = time.perf_counter()
    dataset = describe(images)
    for annotation, image in zip(dataset.annotations, images, strict=True):
        tiles.add(annotation.annotation_id, image)
    write_report(ours, dataset, tiles)
    print(f"{IONS:,} ion images of {SIDE_PX} x {SIDE_PX} px, written in {time.perf_counter() - started:.1f} s")
    write_peer(peer, images)
    browser = playwright.chromium.launch(
        executable_path=sys.argv[1] if len(sys.argv) > 1 else "/usr/bin/chromium", args=["--no-sandbox"]
    )
    for name, path, ready in (
        ("peer, one PNG an image", peer, "document.images.length && document.images[0].complete"),
        ("report", ours, "document.querySelector('.tile canvas:not(.waiting)')"),
    ):
        seconds = sorted(time_opening(browser, path, ready) for _ in range(3))
        print(f"  {name}: {path.stat().st_size / 1e6:.1f} MB, interactive after {seconds[1]:.2f} s")
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    open_page(page, ours, "document.documentElement.dataset.ready")
    for name, pause_ms in (("at once", 0), ("after 10 s", 10_000)):
        page.wait_for_timeout(pause_ms)
        page.evaluate("document.getElementById('pictures').scrollIntoView()")
        blank, frames, slowest = scroll(page)
        print(f"  scrolling {SCREENS} screens {name}: {blank} of {frames} frames with blanks, slowest {slowest:.0f} ms")
    browser.close()
