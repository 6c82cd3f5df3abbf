"""What docs/sources.md shows works as it is written there."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from live_service import LiveService, wait_until
from PIL import Image

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "sources.md"
DATA = CHECKOUT / "tests" / "data"


def _example(name: str) -> str:
    """The first fenced block behind the page's `<!-- example: name -->`."""
    found = re.search(rf"<!-- example: {name} -->\n+```\w+\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None, f"docs/sources.md has no example {name}"
    return found[1]


def _install(commands: Path, name: str, line: str) -> None:
    commands.mkdir(exist_ok=True)
    wrapper = commands / name
    wrapper.write_text(f"#!/bin/sh\nexec {line}\n")
    wrapper.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that has what the examples name, and an `offsample` for them."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "data").symlink_to(DATA)
    _install(tmp_path / "bin", "offsample", f'{sys.executable} -m worker.cli.main "$@"')
    return tmp_path


def _run(name: str, folder: Path, environment: dict[str, str]) -> str:
    paths = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
    finished = subprocess.run(
        ["sh", "-e", "-c", _example(name)],
        cwd=folder,
        env=os.environ | environment | {"PATH": f"{folder}/bin:{os.environ['PATH']}", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr + finished.stdout
    return finished.stdout


def test_ions_of_a_list_are_classified_from_an_imzml(checkout: Path) -> None:
    printed = _run("imzml list", checkout, {})
    assert len(re.findall(r"\bclassified\b", printed)) == 2


def test_a_bare_imzml_is_classified_and_drawn(checkout: Path) -> None:
    _run("imzml peaks", checkout, {})
    with (checkout / "prostate.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["status"] for row in rows] == ["classified"] * 50
    with Image.open(checkout / "prostate.png") as page:
        assert page.size[0] > 1000


def test_an_imzml_event_is_answered(service: LiveService, checkout: Path) -> None:
    redis_cli = shutil.which("redis-cli")
    assert redis_cli is not None, "redis-cli is not installed; right would be `make test`, which installs it"
    _install(checkout / "bin", "redis-cli", f'{redis_cli} -s "{service.folder}/v.sock" "$@"')
    service.start_worker(allowed_roots=DATA)

    _run("imzml event", checkout, service.environment | {"DATA": str(DATA)})

    wait_until(lambda: len(service.results()) > 1, "it is answered")
    chunk, closing = (
        json.loads(message) if isinstance(message, str | bytes) else message for message in service.results()
    )
    assert [row["status"] for row in chunk["data"]["rows"]] == ["classified", "classified"]
    assert closing["data"]["counts"]["annotations"] == 2
