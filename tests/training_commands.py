"""Commands of `python -m training`, run in this process, where TensorFlow is imported once."""

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from training.cli import main


@dataclass(frozen=True)
class EndedCommand:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def run_training(*words: str) -> EndedCommand:
    """Run one command."""
    stdout, stderr, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(stdout), redirect_stderr(stderr):
        try:
            main(words)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return EndedCommand(code, stdout.getvalue(), stderr.getvalue())
