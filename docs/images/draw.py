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
CHECKOUT = HERE.parents[1]
BLADDER = CHECKOUT / "worker" / "cli" / "demo_data" / "mouse_bladder"
PROSTATE = CHECKOUT / "tests" / "data" / "mouse_prostate.imzML"
BRAIN = CHECKOUT / "training" / "data" / "acquisitions" / "mouse_brain_interior_3" / "ion_images.npz"
PLAIN = "2026.11.3"
RELEASES = CHECKOUT / "model_store" / "releases"
WIDTH_PX, COLOURS = 1100, 256


def draw_gallery(folder: Path) -> None:
    """The demo's gallery, and its report as HTML."""
    run_offsample("demo", "--output", str(folder))
    shrink(folder / "gallery.png")


def draw_synthetic_gallery(folder: Path) -> None:
    """Semi-synthetic ion images by pattern."""
    command = [sys.executable, "-m", "training", "synthetic-gallery", "--output", str(folder / "synthetic_gallery.png")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shrink(folder / "synthetic_gallery.png")


def draw_report(folder: Path) -> None:
    """The first screen of the demo's report."""
    photograph(folder / "report.html", height_px=1300)


def draw_no_background(folder: Path) -> None:
    """The first screen of the report about a measurement of nothing but sample."""
    report = folder / "no_background.html"
    run_offsample("classify", str(PROSTATE), "--quiet", "--report", str(report))
    # Of all pixels few are in the legend, whose colours a median cut loses.
    photograph(report, height_px=900, method=Image.Quantize.MAXCOVERAGE)


def draw_reasons(folder: Path) -> None:
    """What of an ion image of the demo speaks for off-sample."""
    picture = folder / "reasons.png"
    run_offsample("explain", str(BLADDER), "--ion", "mz_855.1625", "--output", str(picture))
    shrink(picture)


def draw_inside_a_brain(folder: Path) -> None:
    """Ion images from inside a brain, classified one by one by the plain release, which predicts many off-sample."""
    picture = folder / "inside_a_brain.png"
    run_offsample("classify", str(BRAIN), "--release", PLAIN, "--quiet", "--gallery", str(picture))
    with Image.open(picture) as page:
        reduce_colours(page, picture)


def draw_mistakes(folder: Path) -> None:
    """The most confident wrong predictions of the release that ships, as its card shows them."""
    version = (RELEASES / "DEFAULT").read_text(encoding="utf-8").strip()
    shutil.copyfile(RELEASES / version / "worst_mistakes.png", folder / "mistakes.png")
    shrink(folder / "mistakes.png")


def run_offsample(*arguments: str) -> None:
    """Run a command of this checkout; its rows are not wanted."""
    command = [sys.executable, "-m", "worker.cli.main", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def photograph(report: Path, height_px: int, method: Image.Quantize = Image.Quantize.MEDIANCUT) -> None:
    """Replace a report by a picture of its first screen, as Debian's Chromium shows it."""
    picture = report.with_suffix(".png")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": height_px}, color_scheme="light")
        page.goto(report.resolve().as_uri())
        page.locator(".tile:visible canvas:not(.waiting)").first.wait_for()
        page.screenshot(path=picture)
        browser.close()
    report.unlink()
    shrink(picture, method)


def shrink(path: Path, method: Image.Quantize = Image.Quantize.MEDIANCUT) -> None:
    """Make a picture smaller, with a palette: a repository keeps every version of it."""
    with Image.open(path) as page:
        height_px = round(page.height * WIDTH_PX / page.width)
        small = page.convert("RGB").resize((WIDTH_PX, height_px), Image.Resampling.LANCZOS)
    reduce_colours(small, path, method)


def reduce_colours(page: Image.Image, path: Path, method: Image.Quantize = Image.Quantize.MEDIANCUT) -> None:
    """Save a picture with a palette."""
    page.convert("RGB").quantize(COLOURS, method=method, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    chosen.mkdir(parents=True, exist_ok=True)
    draw_gallery(chosen)
    draw_report(chosen)
    draw_no_background(chosen)
    draw_reasons(chosen)
    draw_inside_a_brain(chosen)
    draw_mistakes(chosen)
    draw_synthetic_gallery(chosen)
    print(f"drew {', '.join(sorted(path.name for path in chosen.glob('*.png')))} in {chosen}")
