"""The site of the documents builds from this checkout, with every page that a reader looks for in its navigation."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted((REPOSITORY / "docs").glob("*.md"))

FOR_MASS_SPECTROMETRISTS = (
    *("tutorial.md", "model.md", "probability.md", "report.md", "retraining.md", "cleaning.md", "python.md"),
    *("sources.md", "questions.md"),
)
FOR_PLATFORMS = (
    *("integration.md", "messages.md", "deployment.md", "operations.md", "settings.md", "metrics.md", "logs.md"),
    "tracing.md",
)
FOR_DEVELOPERS = ("training.md", "architecture.md", "glossary.md", "style.md")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it, of a copy."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(REPOSITORY / "docs", folder / "docs")
    shutil.copyfile(REPOSITORY / "zensical.toml", folder / "zensical.toml")
    program = Path(sys.executable).with_name("zensical")
    built = subprocess.run(
        [program, "build", "--strict"], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "site"


def test_every_link_of_the_site_works_and_nothing_is_loaded_from_a_network(site: Path) -> None:
    check = [sys.executable, REPOSITORY / "docs" / "check_site.py", site]
    checked = subprocess.run(check, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_every_document_is_a_page_of_the_site(site: Path) -> None:
    assert {page.with_suffix(".html").name for page in PAGES} <= {page.name for page in site.glob("*.html")}


def test_the_navigation_has_every_page_that_a_reader_looks_for() -> None:
    project = tomllib.loads((REPOSITORY / "zensical.toml").read_text(encoding="utf-8"))["project"]
    named = list(list_pages(project["nav"]))
    assert len(named) == len(set(named))
    assert {"index.md", *FOR_MASS_SPECTROMETRISTS, *FOR_PLATFORMS, *FOR_DEVELOPERS} <= set(named)


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_a_page_draws_in_plain_text_or_pictures(page: Path) -> None:
    """The site has no script for Mermaid, which its theme loads from a network."""
    assert "```mermaid" not in page.read_text(encoding="utf-8")


def list_pages(entries: list[dict[str, object]]) -> Iterator[str]:
    """The files of a navigation, at any depth."""
    for entry in entries:
        for inside in entry.values():
            if isinstance(inside, str):
                yield inside
            elif isinstance(inside, list):
                yield from list_pages(inside)
