"""A real browser: Debian's Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

AXE = Path(__file__).parent / "browser" / "node_modules" / "axe-core" / "axe.min.js"


@contextmanager
def live_browser() -> Iterator[Browser]:
    """Chromium without a window; `make test` installs it where it is missing."""
    found = os.environ.get("OFFSAMPLE_TEST_CHROMIUM") or shutil.which("chromium")
    assert found is not None, "expected chromium on the PATH, found none; `make test-tools` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def find_barriers(page: Page) -> list[str]:
    """What axe-core objects to, one line each: the rule, and where it is broken. Needs a context that bypasses CSP."""
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
