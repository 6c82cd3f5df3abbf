"""Reports that events ask for: written before the closing message, and only where the operator allows it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from live_browser import live_browser
from live_service import LiveService, make_event, open_service, require_whole_once


@pytest.fixture(scope="module")
def reporting() -> Iterator[LiveService]:
    """A worker that may write into `reports`, in which `link` leads to `outside`."""
    with open_service() as live:
        root, outside = live.folder / "reports", live.folder / "outside"
        root.mkdir()
        outside.mkdir()
        (root / "link").symlink_to(outside)
        live.start_worker(report_root=root)
        yield live


def test_a_report_is_there_before_the_closing_message(reporting: LiveService) -> None:
    root = reporting.folder / "reports"
    event = make_event(report="2026/bladder.html")
    reporting.send(event)
    closing = reporting.wait_for_closing(event["id"])
    assert closing["data"]["report"] == "2026/bladder.html"
    require_whole_once(reporting, [event])
    (page,) = root.rglob("*.*")
    assert page == root / "2026" / "bladder.html"
    with live_browser() as browser:
        opened = browser.new_page()
        opened.goto(page.as_uri())
        counts = closing["data"]["counts"]
        assert f"{counts['off']} of {counts['classified']} ion images" in opened.locator(".conclusion").inner_text()
        assert opened.locator("#grid-off .tile:visible").count() > 0


@pytest.mark.parametrize("report", ["../outside.html", "link/outside.html", "a/../../outside.html"])
def test_a_report_outside_the_root_is_refused(reporting: LiveService, report: str) -> None:
    event = make_event(report=report)
    reporting.send(event)
    assert reporting.wait_for_closing(event["id"])["data"]["error"] == "forbidden_uri"
    assert list((reporting.folder / "outside").iterdir()) == []
    assert list(reporting.folder.glob("*.html")) == []


def test_a_worker_without_a_root_writes_no_report(service: LiveService) -> None:
    service.start_worker()
    event = make_event(report="bladder.html")
    service.send(event)
    rejected = service.wait_for_closing(event["id"])["data"]
    assert rejected["error"] == "forbidden_uri"
    assert "OFFSAMPLE_REPORT_ROOT" in rejected["message"]
    assert not Path("bladder.html").exists()
