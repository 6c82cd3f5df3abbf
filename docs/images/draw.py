"""The pictures of README and docs, drawn anew: `python docs/images/draw.py [FOLDER]` (`make pictures`).

A test draws them too and holds those that are committed to what it gets.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
WIDTH_PX, COLOURS = 1100, 256


def draw_gallery(folder: Path) -> None:
    """The demo's gallery, and its report as HTML."""
    command = [sys.executable, "-m", "worker.cli.main", "demo", "--output", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shrink(folder / "gallery.png")


def draw_synthetic_gallery(folder: Path) -> None:
    """Semi-synthetic ion images by pattern."""
    command = [sys.executable, "-m", "training", "synthetic-gallery", "--output", str(folder / "synthetic_gallery.png")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shrink(folder / "synthetic_gallery.png")


def draw_report(folder: Path) -> None:
    """The first screen of the demo's report, as Debian's Chromium shows it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 1300}, color_scheme="light")
        page.goto((folder / "report.html").resolve().as_uri())
        page.locator(".tile:visible canvas:not(.waiting)").first.wait_for()
        page.screenshot(path=folder / "report.png")
        browser.close()
    (folder / "report.html").unlink()
    shrink(folder / "report.png")


def shrink(path: Path) -> None:
    """Make a picture smaller, with a palette: a repository keeps every version of it."""
    with Image.open(path) as page:
        height_px = round(page.height * WIDTH_PX / page.width)
        small = page.convert("RGB").resize((WIDTH_PX, height_px), Image.Resampling.LANCZOS)
    small.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    chosen.mkdir(parents=True, exist_ok=True)
    draw_gallery(chosen)
    draw_report(chosen)
    draw_synthetic_gallery(chosen)
    print(f"drew gallery.png, report.png and synthetic_gallery.png in {chosen}")
