"""Runs of `offsample` commands that need no server, in the tests' own process."""

import json
import subprocess
import sys

from command_running import Ended, run_command


def run(*arguments: object, **settings: object) -> Ended:
    """Run `offsample` with these settings and no others."""
    return run_command(*map(str, arguments), **{name: str(value) for name, value in settings.items()})


def classify(*arguments: object) -> tuple[list[dict[str, object]], str]:
    """The rows that `classify --format json` prints, and its stderr."""
    ended = run("classify", *arguments, "--format", "json")
    assert ended.code == 0, ended.errors
    return [json.loads(line) for line in ended.output.splitlines()], ended.errors


def require_one_line(ended: Ended, exit_code: int) -> str:
    """Require one line on stderr, nothing on stdout, and the exit code."""
    assert ended.code == exit_code, ended.errors
    assert ended.output == ""
    (line,) = ended.errors.splitlines()
    assert line.startswith("offsample: ")
    assert "Traceback" not in line
    return line


def run_on_full_disk(*arguments: object) -> Ended:
    """Run a command as a process that can write no file above 20 KiB: such a limit stands for the full disk."""
    command = [sys.executable, "-m", "worker.cli.main", *map(str, arguments)]
    ended = subprocess.run(
        ["sh", "-c", 'ulimit -f 40; exec "$@"', "sh", *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)
