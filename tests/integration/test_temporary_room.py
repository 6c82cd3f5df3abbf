"""Temporary files in a folder that is too small, and in one that is full for now: real file systems, of one process."""

import subprocess
import sys
from pathlib import Path

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
    """What becomes of so many network inputs in a file system of 1 MiB that is filled so far."""
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


def test_what_fits_gets_room(tmp_path: Path) -> None:
    assert _reserve(tmp_path, 20, 0) == "room\n"
    assert _reserve(tmp_path, 0, 0) == "room\n"


def test_a_folder_that_is_full_now_is_a_passing_trouble(tmp_path: Path) -> None:
    said = _reserve(tmp_path, 20, 900_000)
    assert said.startswith("NoRoomError")
    assert str(tmp_path) in said


def test_what_could_never_fit_is_too_large(tmp_path: Path) -> None:
    said = _reserve(tmp_path, 100, 0)
    assert said.startswith("TooLargeError")
    assert "2,508,800 bytes" in said
