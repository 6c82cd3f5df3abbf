"""A file is the old one or the whole new one, whatever ends the writing."""

from pathlib import Path

import pytest

from shared.files.whole_file import write_whole


def test_a_file_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.npz"
    path.write_text("old")
    with write_whole(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
        assert partial.suffix == ".npz"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_ends_the_writing_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "file.npz"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        _interrupt_writing(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _interrupt_writing(path: Path) -> None:
    with write_whole(path) as partial:
        partial.write_text("ne")
        raise KeyboardInterrupt
