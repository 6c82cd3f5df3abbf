"""Where events may have reports written."""

from pathlib import Path

import pytest

from shared.errors import ForbiddenUriError, InvalidInputError
from worker.report.report_root import ReportRoot


def test_the_folders_around_a_report_are_made(tmp_path: Path) -> None:
    assert ReportRoot(tmp_path).prepare("a/b/c.html") == tmp_path / "a" / "b" / "c.html"
    assert (tmp_path / "a" / "b").is_dir()


def test_a_path_that_leads_out_of_the_root_is_refused(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    for relative in ("../x.html", "a/../../x.html", "link/x.html", "link/deep/x.html", "a/../x.html"):
        with pytest.raises(ForbiddenUriError, match="below"):
            ReportRoot(root).prepare(relative)
    assert list(outside.iterdir()) == []


def test_without_a_root_no_report_is_written() -> None:
    with pytest.raises(ForbiddenUriError, match="OFFSAMPLE_REPORT_ROOT"):
        ReportRoot(None).prepare("x.html")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInputError, match="folder"):
        ReportRoot(tmp_path).prepare("file/x.html")
