"""`offsample` with the settings of one test: exit code, standard output and standard error."""

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from worker.cli.main import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        """The JSON document on standard output."""
        return json.loads(self.output)


def run_command(*arguments: str, **settings: str) -> Ended:
    """Run one command in this process as `offsample` does, errors included."""
    output, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        for name, value in settings.items():
            patch.setenv(f"OFFSAMPLE_{name.upper()}", value)
        patch.setattr(sys, "argv", ["offsample", *arguments])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return Ended(code, output.getvalue(), errors.getvalue())


def run_process(*arguments: object, cwd: Path | None = None, typed: str | None = None, **settings: str) -> Ended:
    """Run one command in a process of its own; settings in capitals are names of variables as they are.

    `typed` is its standard input.
    """
    named = {name if name.isupper() else f"OFFSAMPLE_{name.upper()}": value for name, value in settings.items()}
    ended = subprocess.run(
        [sys.executable, "-m", "worker.cli.main", *map(str, arguments)],
        env=os.environ | named,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
        input=typed,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)
