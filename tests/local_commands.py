"""Runs of `offsample` commands that need no server, in the tests' own process."""

import json

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
