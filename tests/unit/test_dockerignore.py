"""What the Dockerfile copies reaches the build, and what the wheel needs is copied."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = [
    source
    for line in re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    for source in line.split()[:-1]
]
LET_THROUGH = {
    line[1:].rstrip("/")
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    if line.startswith("!")
}


def test_what_is_copied_is_there_and_let_through_and_nothing_else_is() -> None:
    assert all((ROOT / source).exists() for source in COPIED)
    assert set(COPIED) == LET_THROUGH


def test_all_packages_of_the_wheel_are_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= set(COPIED)
