"""Runs of `offsample` commands that need no server."""

import json
import os
import subprocess
import sys

TIMEOUT_SECONDS = 60


def run(*arguments: object, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run `offsample` in a process of its own, with these settings and no others."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OFFSAMPLE_")}
    environment |= {f"OFFSAMPLE_{name.upper()}": str(value) for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "worker.cli.main", *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )


def classify(*arguments: object) -> tuple[list[dict[str, object]], str]:
    """The rows that `classify --format json` prints, and its stderr."""
    ended = run("classify", *arguments, "--format", "json")
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr


def require_one_line(ended: subprocess.CompletedProcess[str], exit_code: int) -> str:
    """Require one line on stderr, nothing on stdout, and the exit code."""
    assert ended.returncode == exit_code, ended.stderr
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("offsample: ")
    assert "Traceback" not in line
    return line
