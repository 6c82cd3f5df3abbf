"""What the pages of docs/ show, to be run as it stands there."""

import re
import shlex
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]


def read_block(page: str, marker: str) -> str:
    """The first fenced block of a page of docs/ behind `<!-- marker -->`."""
    text = (CHECKOUT / "docs" / page).read_text(encoding="utf-8")
    found = re.search(rf"<!-- {re.escape(marker)} -->\n+```\w+\n(.*?)```", text, re.DOTALL)
    assert found is not None, f"docs/{page} has no {marker}"
    return found[1]


def read_commands(block: str) -> list[list[str]]:
    """The arguments of each `offsample` command of a block, without comments and without where its output goes."""
    found = []
    for line in block.splitlines():
        program, *words = shlex.split(line, comments=True)
        assert program == "offsample", line
        found.append(words[: words.index(">")] if ">" in words else words)
    return found


def install_command(folder: Path, name: str, line: str) -> None:
    """Make `name` a command that runs `line`, for a PATH that begins with the folder."""
    folder.mkdir(exist_ok=True)
    wrapper = folder / name
    wrapper.write_text(f"#!/bin/sh\nexec {line}\n")
    wrapper.chmod(0o755)
