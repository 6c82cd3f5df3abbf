"""What the pages of docs/ show, to be run as it stands there."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]


def read_block(page: str, marker: str) -> str:
    """The first fenced block of a page of docs/ behind `<!-- marker -->`."""
    text = (CHECKOUT / "docs" / page).read_text(encoding="utf-8")
    found = re.search(rf"<!-- {re.escape(marker)} -->\n+```\w+\n(.*?)```", text, re.DOTALL)
    assert found is not None, f"docs/{page} has no {marker}"
    return found[1]


def install_command(folder: Path, name: str, line: str) -> None:
    """Make `name` a command that runs `line`, for a PATH that begins with the folder."""
    folder.mkdir(exist_ok=True)
    wrapper = folder / name
    wrapper.write_text(f"#!/bin/sh\nexec {line}\n")
    wrapper.chmod(0o755)
