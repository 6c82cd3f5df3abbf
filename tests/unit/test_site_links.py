"""docs/check_site.py finds what a reader of the built site would miss."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "docs" / "check_site.py"


def check(folder: Path, body: str) -> subprocess.CompletedProcess[str]:
    (folder / "index.html").write_text(f'<h1 id="start">Start</h1>{body}', encoding="utf-8")
    (folder / "picture.png").touch()
    return subprocess.run([sys.executable, CHECK, folder], capture_output=True, text=True, check=False)


def test_a_site_whose_links_all_work_passes(tmp_path: Path) -> None:
    links = '<a href="index.html#start">a</a><img src="picture.png"><a href="https://example.org/elsewhere">b</a>'
    code = "<pre>\n- not a list</pre><ul><li>one</li>\n</ul>"
    assert check(tmp_path, links + code).returncode == 0


@pytest.mark.parametrize(
    "broken",
    [
        '<a href="missing.html">a</a>',
        '<a href="#missing">a</a>',
        '<img src="missing.png">',
        '<a href="../outside.html">a</a>',
        '<script src="https://example.org/script.js"></script>',
        '<link rel="stylesheet" href="//example.org/style.css">',
        "<p>Two things:\n- one\n- two</p>",
    ],
)
def test_a_broken_link_a_file_from_a_network_or_a_lost_list_is_named(tmp_path: Path, broken: str) -> None:
    ended = check(tmp_path, broken)
    assert ended.returncode == 1
    assert "index.html: " in ended.stderr


def test_a_folder_without_pages_is_refused(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, CHECK, tmp_path], capture_output=True, check=False)
    assert ended.returncode == 1
