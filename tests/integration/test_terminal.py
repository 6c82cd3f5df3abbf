"""What a person sees on a terminal: a pseudo-terminal is one."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
from local_commands import run

TIMEOUT_SECONDS = 60


def make_array(path: Path, ions: int) -> Path:
    np.savez(
        path, images=np.random.default_rng(0).random((ions, 12, 14)), annotation_ids=[f"ion {k}" for k in range(ions)]
    )
    return path


def run_on_terminal(*arguments: object) -> str:
    """What `offsample` prints on stdout, which is a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "worker.cli.main", *map(str, arguments)],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"COLUMNS": "120", "TERM": "dumb"},
    ) as process:
        os.close(theirs)
        parts = []
        try:
            while part := os.read(ours, 65536):
                parts.append(part)
        except OSError:  # how Linux says that the other end is closed
            pass
        finally:
            os.close(ours)
        assert process.wait(TIMEOUT_SECONDS) == 0
    return b"".join(parts).decode()


def test_a_long_table_ends_after_forty_rows_and_says_what_is_left_out(tmp_path: Path) -> None:
    source = make_array(tmp_path / "a.npz", 60)
    short, whole = run_on_terminal("classify", source), run_on_terminal("classify", source, "--all")
    assert (short.count("│ ion "), whole.count("│ ion ")) == (40, 60)
    assert "and 20 less likely" in short
    assert "less likely" not in whole
    assert run("classify", source).output.count("│ ion ") == 60


def test_quiet_prints_rows_only(tmp_path: Path) -> None:
    source = make_array(tmp_path / "a.npz", 3)
    ended = run("classify", source, "--format", "csv", "--quiet")
    assert (ended.errors, len(ended.output.splitlines())) == ("", 4)
    assert "does not exist" in run("classify", tmp_path / "no.npz", "--quiet").errors


def test_offsample_alone_says_what_to_do_first() -> None:
    ended = run()
    assert (ended.code, len(ended.output.splitlines())) == (0, 4)
    assert all(command in ended.output for command in ("demo", "classify", "doctor", "--help"))


def test_a_table_is_sorted_by_probability_and_never_breaks_an_id(tmp_path: Path) -> None:
    long = "x" * 150
    rng = np.random.default_rng(0)
    images = rng.random((3, 12, 14))
    images[1] = 0
    np.savez(tmp_path / "a.npz", images=images, annotation_ids=["a", "b", long])
    lines = run("classify", tmp_path / "a.npz").output.splitlines()
    assert any(long in line for line in lines)
    cells = [line.split("│")[1:4] for line in lines if line.startswith("│")]
    values = [float(probability) if probability.strip() else -1.0 for _, _, probability in cells]
    assert values == sorted(values, reverse=True)
