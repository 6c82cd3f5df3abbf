"""A dataset report in a real browser: what a person sees and finds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from report_driving import HOSTILE, colours_of, names_in, pixels_of
from report_making import classified, make_report

from shared.ion_image import make_ion_image


def test_a_report_opens_with_a_sentence_and_both_labels_side_by_side(page: Page) -> None:
    expect(page.locator(".conclusion")).to_contain_text("3 of 5 ion images are off-sample")
    assert names_in(page, "off") == ["m/z 500.0000", "m/z 500.0040", "m/z 500.1000"]
    assert names_in(page, "on") == ["m/z 300.0000", "m/z 250.0000"]
    assert names_in(page, "none") == ["m/z 200.0000", "m/z 201.0000"]
    off, on = (page.locator(f"#grid-{name}").bounding_box() for name in ("off", "on"))
    assert off is not None
    assert on is not None
    assert off["y"] == pytest.approx(on["y"], abs=1)
    assert off["x"] < on["x"]


def test_foreign_text_never_becomes_html(page: Page) -> None:
    for view, place in (("pictures", "#panes"), ("table", "#table")):
        page.select_option("#view", view)
        page.locator(place).get_by_text("<b>+H</b>").click()
        expect(page.locator("#detail-facts")).to_contain_text(HOSTILE)
        page.keyboard.press("Escape")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main b:not([data-count])").count() == 0
    assert page.title().startswith(f"bladder {HOSTILE}")


def test_the_slider_relabels_at_once(page: Page) -> None:
    page.locator("#threshold").fill("0.9")
    assert names_in(page, "off") == ["m/z 500.0000"]
    expect(page.locator("#pane-on")).to_contain_text("4")
    expect(page.locator("[data-count=off]")).to_have_text("1")
    page.click("#threshold-reset")
    assert len(names_in(page, "off")) == 3


@pytest.mark.parametrize(
    ("group", "shown"), [("off", (1, 2, 2)), ("on", (3, 0, 2)), ("uncertain", (2, 2, 2)), ("no_signal", (3, 2, 1))]
)
def test_a_group_can_be_hidden(page: Page, group: str, shown: tuple[int, int, int]) -> None:
    page.locator(f".chip.{group}").click()
    assert tuple(len(names_in(page, pane)) for pane in ("off", "on", "none")) == shown


@pytest.mark.parametrize(
    ("query", "tolerance", "shown"),
    [
        ("500", "10", ["m/z 500.0000", "m/z 500.0040"]),
        ("500", "5", ["m/z 500.0000"]),
        ("m/z 500", "1000", ["m/z 500.0000", "m/z 500.0040", "m/z 500.1000"]),
        ("c6h12", "10", ["m/z 500.0000"]),
        ("C6H12O6+H", "10", ["m/z 500.0000"]),
        ("doubt", "10", ["m/z 500.1000"]),
        ("nothing", "10", []),
    ],
)
def test_ions_are_found_by_mz_formula_and_id(page: Page, query: str, tolerance: str, shown: list[str]) -> None:
    page.fill("#tolerance", tolerance)
    page.fill("#query", query)
    assert names_in(page, "off") == shown


@pytest.mark.parametrize(
    ("column", "ascending", "descending"),
    [
        ("m/z", "silent", "doubtful"),
        ("Id", HOSTILE, "sure on"),
        ("Total", "silent", "sure off"),
        ("P(off)", "sure on", "sure off"),
    ],
)
def test_a_column_sorts_the_table_in_both_directions(page: Page, column: str, ascending: str, descending: str) -> None:
    page.select_option("#view", "table")
    head = page.get_by_role("columnheader").filter(has_text=column)
    first = page.locator("#table-body [aria-rowindex='2'] > div").nth(1)
    for _ in range(2):
        head.get_by_role("button").click()
        direction = head.get_attribute("aria-sort")
        expect(first).to_have_text(ascending if direction == "ascending" else descending)
    assert direction == "descending"


def test_not_acquired_zero_and_clipped_pixels_look_different(open_page: Callable[..., Page], tmp_path: Path) -> None:
    """Columns of 0 to 9 with one hot spot; the first row was not acquired."""
    intensities = np.tile(np.arange(10.0), (10, 1))
    intensities[5, 9] = 1000
    acquired = np.ones((10, 10), dtype=bool)
    acquired[0] = False
    image = make_ion_image(intensities, acquired)
    page = open_page(make_report(tmp_path / "one.html", [classified("a", 0.9)], {"a": image}))
    expect(page.locator("#grid-off .tile:visible canvas:not(.waiting)")).to_have_count(1)
    clipped = pixels_of(page, "#grid-off canvas")
    assert clipped[1, 0].tolist() == [68, 1, 84, 255]  # viridis at its lowest
    assert not colours_of(clipped[0]) & colours_of(clipped[1:])
    assert clipped[5, 8].tolist() != clipped[5, 1].tolist()
    page.uncheck("#clipped")
    assert pixels_of(page, "#grid-off canvas")[5, 8, 1] < 10  # next to nothing beside the hot spot
    page.select_option("#colours", "grey")
    grey = pixels_of(page, "#grid-off canvas")[1:]
    assert (grey[..., 0] == grey[..., 1]).all()


def test_of_five_thousand_ions_only_the_visible_ones_are_in_the_document(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    generator = np.random.default_rng(0)
    rows = [classified(f"ion {number}", float(value)) for number, value in enumerate(generator.random(5000))]
    pictures = [make_ion_image(generator.poisson(5, (12, 12))) for _ in range(10)]
    images = {row.annotation_id: pictures[number % 10] for number, row in enumerate(rows)}
    page = open_page(make_report(tmp_path / "many.html", rows, images))
    page.locator("#grid-off").focus()
    page.keyboard.press("End")
    least = min((row for row in rows if row.label == "off"), key=lambda row: row.off_sample_probability or 0)
    expect(page.locator("#grid-off .active .name")).to_have_text(least.annotation_id)
    expect(page.locator(".tile canvas.waiting:visible")).to_have_count(0)
    assert page.locator(".tile").count() < 300
