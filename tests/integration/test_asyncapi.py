"""AsyncAPI's own parser finds nothing wrong with docs/schemas/asyncapi.json, and does find what is broken."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from documented import CHECKOUT

PROGRAM = CHECKOUT / "tests" / "asyncapi" / "validate.mjs"
SCHEMAS = CHECKOUT / "docs" / "schemas"
BREAKS: dict[str, tuple[str, str, str]] = {
    "action": ('"action": "send"', '"action": "publish"', "asyncapi-document-resolved"),
    "field": ('"address"', '"adress"', "asyncapi-document-resolved"),
    "channel": ('"#/channels/results"', '"#/channels/answers"', "invalid-ref"),
    "schema": ('"offsample.dataset.rejected.v1.schema.json"', '"offsample.rejected.json"', "invalid-ref"),
    "json": ('"info":', '"info"', "parser"),
}
"""What is replaced by what, and the code of what the parser then finds."""

Diagnostic = dict[str, Any]


def validate(*documents: Path) -> dict[str, list[Diagnostic]]:
    """What the parser finds in each document, by the document's name."""
    assert (PROGRAM.parent / "node_modules").is_dir(), "expected AsyncAPI's parser, which `make test-tools` installs"
    ended = subprocess.run(["node", PROGRAM, *documents], capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return {Path(path).name: found for path, found in json.loads(ended.stdout).items()}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Diagnostic]]:
    """What the parser finds in the committed document and in broken copies of it, by one process."""
    folder = tmp_path_factory.mktemp("asyncapi") / "schemas"
    shutil.copytree(SCHEMAS, folder)
    document = folder / "asyncapi.json"
    text = document.read_text(encoding="utf-8")
    broken = []
    for name, (before, after, _) in BREAKS.items():
        assert before in text
        broken.append(folder / f"{name}.json")
        broken[-1].write_text(text.replace(before, after), encoding="utf-8")
    return validate(document, *broken)


def test_the_committed_document_is_valid(found: dict[str, list[Diagnostic]]) -> None:
    """That there is a newer version of AsyncAPI is no fault of the document."""
    assert [one for one in found["asyncapi.json"] if one["code"] != "asyncapi-latest-version"] == []


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_document_is_refused(found: dict[str, list[Diagnostic]], name: str) -> None:
    errors = {one["code"] for one in found[f"{name}.json"] if one["severity"] == "error"}
    assert BREAKS[name][2] in errors
