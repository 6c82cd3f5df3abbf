"""Every option that a code block of the documents gives to a command is one of that command."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from training.cli import app as training
from worker.cli.main import app as offsample

REPOSITORY = Path(__file__).parents[2]
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
PROGRAMS = {"offsample": typer.main.get_command(offsample), "python -m training": typer.main.get_command(training)}


def list_commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Program and words of every command in the blocks of shell of a page, up to a pipe or redirection."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            found = re.match(r"(?:[A-Z_]+=\S* )*(offsample|python -m training) (.*)", line.strip())
            if found is not None:
                words = shlex.split(found[2], comments=True)
                end = next((place for place, word in enumerate(words) if word in {"|", ">", "&&"}), len(words))
                yield found[1], words[:end]


def find_command(program: str, words: list[str]) -> Any:
    """The command that the words name; of a group without a command, the one that it falls back on."""
    command: Any = PROGRAMS[program]
    for word in [*words, "show"]:
        if not hasattr(command, "get_command"):
            break
        command = command.get_command(None, word) or command
    return command


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_documented_option_exists(page: Path) -> None:
    unknown = []
    for program, words in list_commands(page):
        known = {name for one in (PROGRAMS[program], find_command(program, words)) for name in list_options(one)}
        unknown += [f"{program} {' '.join(words)}: {word}" for word in words if word[:2] == "--" and word not in known]
    assert unknown == []


def test_the_commands_of_the_documents_are_found() -> None:
    found = [find_command(program, words) for page in PAGES for program, words in list_commands(page)]
    assert len(found) > 30
    assert not any(hasattr(command, "get_command") for command in found)


def list_options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
