"""Temporary files in a folder that is too small, and in one that is full: real file systems, visible to one process."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.errors import ConfigurationError
from shared.files.temporary_room import require_temporary_folder
from worker.doctor.finding import Health
from worker.doctor.host import check_host
from worker.settings import Settings

RESERVE = """
import sys
from shared.errors import OffSampleError
from worker.classification.input_buffer import InputBuffer
try:
    with InputBuffer(int(sys.argv[1])):
        print("room")
except OffSampleError as error:
    print(type(error).__name__, error)
"""


def _reserve(folder: Path, images: int, filled_bytes: int) -> str:
    """Reserve room for network inputs in a file system of 1 MiB that is partly filled; what happened."""
    mount = 'mount -t tmpfs -o size=1m tmpfs "$1" && head -c "$2" /dev/zero > "$1/other" && shift 2 && exec "$@"'
    python = [sys.executable, "-c", RESERVE, str(images)]
    ended = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh", folder, str(filled_bytes), *python],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"TMPDIR": str(folder)},
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_room_is_reserved_for_data_that_fits(tmp_path: Path) -> None:
    assert _reserve(tmp_path, 20, 0) == "room\n"
    assert _reserve(tmp_path, 0, 0) == "room\n"


def test_a_full_folder_is_a_temporary_error(tmp_path: Path) -> None:
    outcome = _reserve(tmp_path, 20, 900_000)
    assert outcome.startswith("NoRoomError")
    assert str(tmp_path) in outcome


def test_a_folder_that_is_too_small_is_a_temporary_error_because_operators_can_change_it(tmp_path: Path) -> None:
    outcome = _reserve(tmp_path, 100, 0)
    assert outcome.startswith("NoRoomError")
    assert "2,508,800 bytes" in outcome
    assert "TMPDIR" in outcome


def test_a_temporary_folder_that_does_not_exist_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert require_temporary_folder() == tmp_path
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match="nowhere cannot be written"):
        require_temporary_folder()


def test_a_temporary_folder_that_cannot_be_written_is_found_by_the_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    found = [one for one in check_host(Settings.without_environment()) if one.check == "temporary folder"]
    assert [one.health for one in found] == [Health.FAILURE]
