"""A shell completes commands and options, without waiting for what the commands import."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from worker.cli.commands import LazyCommands

OFFSAMPLE = Path(sys.executable).with_name("offsample")
_ASK_BASH = """
eval "$(offsample --show-completion bash)"
complete -p offsample
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_offsample_completion offsample
printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete(*words: str) -> list[str]:
    """What a real bash offers for the last of these words, by the script that `offsample` prints for it."""
    environment = {**os.environ, "PATH": f"{OFFSAMPLE.parent}{os.pathsep}{os.environ['PATH']}"}
    environment["_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"] = "1"  # no shell runs pytest
    ended = subprocess.run(
        ["bash", "--norc", "-c", _ASK_BASH, "bash", "offsample", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr == ""
    registered, *offered = ended.stdout.splitlines()
    assert registered == "complete -o default -F _offsample_completion offsample"
    return offered


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("cl",), ["classify", "clean"]),
        (("--ver",), ["--version"]),
        (("classify", "--rep"), ["--report"]),
        (("releases", "in"), ["install"]),
        (("classify", "--format", "t"), ["table"]),
    ],
)
def test_bash_completes_commands_options_and_choices(words: tuple[str, ...], offered: list[str]) -> None:
    assert complete(*words) == offered


def test_bash_completes_every_command() -> None:
    assert complete("") == LazyCommands(name="offsample").list_commands(None)


def imported(words: str) -> set[str]:
    """The modules that completing the last of these words imports."""
    environment = {**os.environ, "_OFFSAMPLE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "1"}
    environment["COMP_CWORD"] = str(len(words.split()) - 1)
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", OFFSAMPLE], env=environment, capture_output=True, text=True, check=True
    )
    assert ended.stdout != ""
    return {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines() if line.startswith("import time:")}


def test_names_of_commands_are_completed_without_importing_a_command() -> None:
    found = imported("offsample c")
    assert "worker.cli.commands" in found
    assert found.isdisjoint({"numpy", "redis", "worker.settings"})


def test_options_of_a_command_are_completed_without_tensorflow() -> None:
    found = imported("offsample classify --rep")
    assert "model_store.opening" in found
    assert found.isdisjoint({"tensorflow", "keras", "onnxruntime"})
