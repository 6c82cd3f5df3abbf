"""One browser and one report for all tests of the page."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from live_browser import live_browser
from playwright.sync_api import Browser, Page
from report_driving import ANNOTATIONS, HOSTILE, ROWS, make_images
from report_making import make_report

from model_store.predictors.predictor import Predictor


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with live_browser() as found:
        yield found


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory, predictor: Predictor) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    return make_report(path, ROWS, make_images(), ANNOTATIONS, f"bladder {HOSTILE}", predictor)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a file in a context of its own, which must report no error and load nothing."""
    complaints: list[str] = []
    contexts = []

    def open_one(path: Path, **options: object) -> Page:
        context = browser.new_context(**({"viewport": {"width": 1400, "height": 1000}} | options))  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: None if request.url == path.as_uri() else complaints.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page: Callable[..., Page], report: Path) -> Page:
    return open_page(report)
