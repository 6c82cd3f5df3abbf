"""The documents name files, links and code that exist."""

import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ARCHITECTURE = REPOSITORY / "docs" / "architecture.md"
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
CODE = ("offsample", "worker", "shared", "model_store", "training", "docs/schemas")
CODE_SUFFIXES = {".py", ".lua", ".json", ".yaml", ".csv", ".md"}


def test_every_path_in_the_architecture_page_exists() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    paths = set(
        re.findall(r"(?<![\w/])(?:worker|shared|model_store|training|tests|benchmarks|docs)/[\w./*-]*[\w/]", text)
    )
    assert len(paths) > 50
    assert [path for path in sorted(paths - {"worker/cli/NAME.py"}) if not list(REPOSITORY.glob(path))] == []


def test_every_room_is_in_the_architecture_page() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    rooms = [
        f"{top}/{folder.parent.name}/"
        for top in ("worker", "shared", "model_store", "training")
        for folder in sorted((REPOSITORY / top).glob("*/__init__.py"))
    ]
    assert rooms
    assert [room for room in rooms if room not in text] == []


@pytest.mark.parametrize("package", ["worker", "training"])
def test_the_rooms_are_in_the_order_of_the_import_contract(package: str) -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    listed = [
        name.removesuffix(".py").rstrip("/").replace("/", ".")
        for line in re.findall(rf"^(?:  \+ )?{package}/.*$", text, re.MULTILINE)
        for name in re.findall(rf"{package}/\w+(?:\.py|/)", line)
    ]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (layers,) = [one["layers"] for one in contracts if one["type"] == "layers" and f"{package}.cli" in one["layers"]]
    ordered = [name for layer in layers for name in layer.split(" | ")]
    assert len(listed) > 10
    assert [name for name in listed if name in ordered] == [name for name in ordered if name in listed]


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_link_to_a_file_works(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_name_in_the_glossary_is_in_the_code() -> None:
    rows = [
        line for line in (REPOSITORY / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines() if "|" in line
    ]
    quoted = [name for row in rows for name in re.findall(r"`([^`]+)`", row.split(" | ")[-1])]
    words = {word for name in quoted for word in re.findall(r"[A-Za-z_]\w+", name)}
    code = set(re.findall(r"[A-Za-z_]\w+", _read_code()))
    assert len(words) > 50
    assert sorted(words - code) == []


def _read_code() -> str:
    files = [path for top in CODE for path in sorted((REPOSITORY / top).rglob("*")) if path.suffix in CODE_SUFFIXES]
    return "\n".join([str(path) for path in files] + [path.read_text(encoding="utf-8") for path in files])
