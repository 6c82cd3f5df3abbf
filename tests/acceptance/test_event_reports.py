"""Reports that events ask for: written before the closing message, and only where the operator allows it."""

from pathlib import Path

import pytest
from live_browser import live_browser
from live_service import LiveService, make_event, require_whole_once


def test_a_report_is_there_before_the_closing_message(service: LiveService) -> None:
    root = service.folder / "reports"
    root.mkdir()
    service.start_worker(report_root=root)
    event = make_event(report="2026/bladder.html")
    service.send(event)
    closing = service.wait_for_closing(event["id"])
    assert closing["data"]["report"] == "2026/bladder.html"
    require_whole_once(service, [event])
    (page,) = root.rglob("*.*")
    assert page == root / "2026" / "bladder.html"
    with live_browser() as browser:
        opened = browser.new_page()
        opened.goto(page.as_uri())
        counts = closing["data"]["counts"]
        assert f"{counts['off']} of {counts['classified']} ion images" in opened.locator(".conclusion").inner_text()
        assert opened.locator("#grid-off .tile:visible").count() > 0


@pytest.mark.parametrize("report", ["../outside.html", "link/outside.html", "a/../../outside.html"])
def test_a_report_outside_the_root_is_refused(service: LiveService, report: str) -> None:
    root, outside = service.folder / "reports", service.folder / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    service.start_worker(report_root=root)
    event = make_event(report=report)
    service.send(event)
    assert service.wait_for_closing(event["id"])["data"]["error"] == "forbidden_uri"
    assert list(outside.iterdir()) == []
    assert list(service.folder.glob("*.html")) == []


def test_a_worker_without_a_root_writes_no_report(service: LiveService) -> None:
    service.start_worker()
    event = make_event(report="bladder.html")
    service.send(event)
    rejected = service.wait_for_closing(event["id"])["data"]
    assert rejected["error"] == "forbidden_uri"
    assert "OFFSAMPLE_REPORT_ROOT" in rejected["message"]
    assert not Path("bladder.html").exists()
