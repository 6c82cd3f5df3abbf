"""`offsample` in this process, with the settings of one test: exit code, standard output and standard error."""

import contextlib
import io
import json
import sys
from dataclasses import dataclass
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
    """Run one command as `offsample` does, errors included."""
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
