"""Whether every link of the built site works, and nothing comes from a network: `python docs/check_site.py site`.

Checks what a browser gets: files, anchors, pictures, scripts and styles, in all pages. A link to a folder needs the
folder only. Links to other sites are not followed. Lists must have become lists: Python-Markdown takes one without an
empty line before it for a part of the paragraph.
"""

import re
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href"}
"""Tags whose files a browser fetches by itself."""

NOT_FETCHED = {"canonical", "next", "prev", "alternate"}
"""Values of `rel` of `<link>` that name a page and load nothing."""

CODE = {"pre", "script", "style"}
"""Tags whose text is as it was written."""


@dataclass
class Page(HTMLParser):
    """The anchors of a page, what it links to, and what it loads."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    lost_lists: list[str] = field(default_factory=list)
    """Items of lists that are part of a paragraph."""
    code_depth: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep anchors and addresses."""
        self.code_depth += tag in CODE
        given = {name: value for name, value in attrs if value is not None}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        target = given.get(LOADED.get(tag, "href"))
        if target is None:
            return
        loaded = tag in LOADED and given.get("rel") not in NOT_FETCHED
        (self.loads if loaded else self.links).append(target)

    def handle_data(self, data: str) -> None:
        """Find items of lists in the text, but not in code."""
        if self.code_depth == 0:
            self.lost_lists += re.findall(r"\n((?:- |\d+\. ).{,30})", data)

    def handle_endtag(self, tag: str) -> None:
        """Know where code ends."""
        self.code_depth -= tag in CODE


def read_pages(site: Path) -> dict[Path, Page]:
    """All pages of the site, by their resolved path."""
    pages = {}
    for path in sorted(site.rglob("*.html")):
        page = pages[path.resolve()] = Page()
        page.feed(path.read_text(encoding="utf-8"))
    return pages


def find_fault(site: Path, path: Path, target: str, pages: dict[Path, Page]) -> str | None:
    """What is wrong with a link inside the site; None = nothing."""
    address, anchor = urldefrag(target)
    place = unquote(urlsplit(address).path)
    base = site if place.startswith("/") else path.parent
    file = (base / place.lstrip("/")).resolve() if place else path
    if not file.exists() or not file.is_relative_to(site):
        return "no such file in the site"
    if anchor and file in pages and unquote(anchor) not in pages[file].anchors:
        return "no such anchor"
    return None


def find_faults(site: Path) -> tuple[list[str], int]:
    """One line for each fault, and how many links and files were checked."""
    site, pages = site.resolve(), read_pages(site)
    faults, checked = [], 0
    for path, page in pages.items():
        faults += [f"{path.name}: {item}: a list without an empty line before it" for item in page.lost_lists]
        for target in (*page.links, *page.loads):
            parts = urlsplit(target)
            outside = bool(parts.scheme or parts.netloc)
            if outside and (target not in page.loads or parts.scheme == "data"):
                continue
            fault = "loaded from a network" if outside else find_fault(site, path, target, pages)
            checked += 1
            if fault is not None:
                faults.append(f"{path.name}: {target}: {fault}")
    return faults, checked


if __name__ == "__main__":
    found, count = find_faults(Path(sys.argv[1]))
    if found:
        sys.exit("\n".join(found))
    if count == 0:
        sys.exit(f"expected a built site with pages in {sys.argv[1]}, found none")
    print(f"{count} links and files checked, all there")
