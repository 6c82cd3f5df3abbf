"""The commands on files in the README and in docs/report.md work as written."""

import re
from pathlib import Path

import pytest
from command_running import Ended, run_command
from documented import CHECKOUT, read_block, read_commands
from imzml_making import REAL_IMZML
from PIL import Image

PEAKS = 416
"""Of the file."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the files that the commands name."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "data").symlink_to(REAL_IMZML.parent)
    (tmp_path / "ions.csv").write_text("annotation_id,mz\nstrongest,656.7762\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_block(block: str) -> list[Ended]:
    """Run every command, which must succeed."""
    ended = [run_command(*words) for words in read_commands(block)]
    assert ended
    for one in ended:
        assert one.code == 0, one.errors
    return ended


def test_the_readme_and_the_report_page_classify_an_imzml_and_write_a_report(folder: Path) -> None:
    (block,) = re.findall(r"```sh\n(offsample classify .*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    assert read_commands(read_block("report.md", "example: report")) == read_commands(block)[:1]
    peaks, ions = run_block(block)
    assert len(re.findall(r"\bclassified\b", peaks.output)) == PEAKS
    assert f"of {PEAKS} ion images" in (folder / "prostate.html").read_text(encoding="utf-8")
    assert re.search(r"strongest.*classified", ions.output)


def test_the_report_page_explains_a_label(folder: Path) -> None:
    (ended,) = run_block(read_block("report.md", "example: explain"))
    assert "mz_1278.2683: " in ended.errors
    with Image.open(folder / "why.png") as picture:
        assert picture.width > picture.height


def test_every_block_of_the_report_page_is_held_to_the_code_here() -> None:
    page = (CHECKOUT / "docs" / "report.md").read_text(encoding="utf-8")
    assert page.count("```sh") == page.count("<!-- example: ") == 2


def test_the_tutorial_leads_from_an_imzml_to_reports_and_rows(folder: Path) -> None:
    (folder / "worker" / "cli").mkdir(parents=True)
    (folder / "worker" / "cli" / "demo_data").symlink_to(CHECKOUT / "worker" / "cli" / "demo_data")
    (folder / "ions.csv").write_text(read_block("tutorial.md", "example: ions.csv"))
    page = (CHECKOUT / "docs" / "tutorial.md").read_text(encoding="utf-8")

    (first,) = run_block(read_block("tutorial.md", "example: first report"))
    printed = first.errors.splitlines()[:2]
    assert [line for line in printed if line not in page] == []

    run_block(read_block("tutorial.md", "example: with background"))
    assert "25 of 79 ion images" in (folder / "bladder.html").read_text(encoding="utf-8")

    run_block(read_block("tutorial.md", "example: own ions"))
    assert len((folder / "rows.csv").read_text(encoding="utf-8").splitlines()) == 1 + 3
