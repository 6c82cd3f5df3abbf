"""A dataset report in a real browser: by keyboard, with assistive technology, on a phone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from live_browser import find_barriers
from playwright.sync_api import Page, ViewportSize, expect
from report_driving import PHONE


def test_the_keyboard_alone_opens_moves_and_closes(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("off")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "grid-off":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#detail-title")).to_contain_text("m/z 500.0000")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#detail-title")).to_contain_text("m/z 500.0040")
    page.keyboard.press("2")
    expect(page.locator("#detail [data-label=off]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "grid-off"


@pytest.mark.parametrize("colour_scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [{"width": 1400, "height": 1000}, PHONE], ids=["desktop", "phone"])
def test_nothing_bars_people_with_assistive_technology(
    open_page: Callable[..., Page], report: Path, colour_scheme: str, viewport: ViewportSize
) -> None:
    page = open_page(report, viewport=viewport, color_scheme=colour_scheme, bypass_csp=True)
    assert find_barriers(page) == []
    page.locator("#grid-off .tile:visible").first.click()
    assert find_barriers(page) == []
    page.keyboard.press("Escape")
    if viewport == PHONE:
        page.click("#more")
    page.select_option("#view", "table")
    assert find_barriers(page) == []


def test_a_phone_shows_one_column_at_a_time_and_nothing_sideways(open_page: Callable[..., Page], report: Path) -> None:
    page = open_page(report, viewport=PHONE, has_touch=True)
    expect(page.locator("#grid-on")).to_be_hidden()
    page.get_by_role("button", name="On-sample 2").click()
    expect(page.locator("#grid-on .tile:visible").first).to_be_visible()
    expect(page.locator("#grid-off")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_active_ion_of_a_grid_far_below_exists_for_a_screen_reader(
    open_page: Callable[..., Page], report: Path
) -> None:
    page = open_page(report, viewport={"width": 390, "height": 400})
    grid = page.locator("#grid-off")
    assert grid.evaluate("grid => grid.getBoundingClientRect().top") > 1200
    active = grid.get_attribute("aria-activedescendant")
    expect(grid.locator(f"#{active}")).to_contain_text("m/z 500.0000")
    grid.locator(".tile:visible").first.click()
    expect(page.locator("#detail-title")).to_contain_text("m/z 500.0000")
