"""The archive of docs/integration.md is killed at any moment, and has every answer once."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from documented import read_block
from live_service import LiveService, make_event, open_service, wait_until

IONS = 1_500
"""More than a chunk."""


@pytest.fixture
def service() -> Iterator[LiveService]:
    with open_service() as service:
        yield service


class Archive:
    """The documented program in a folder of its own."""

    def __init__(self, service: LiveService, folder: Path) -> None:
        self._folder = folder
        self._environment = os.environ | {"OFFSAMPLE_REDIS_URL": service.server.url}
        self._code = read_block("integration.md", "example: archive")

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", self._code], cwd=self._folder, env=self._environment)

    def read(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Id, type and data of each answer that it stored."""
        path = self._folder / "answers.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path)) as store:
            try:
                found = store.execute("SELECT id, type, data FROM answers ORDER BY rowid").fetchall()
            except sqlite3.OperationalError:
                return []
        return [(name, kind, json.loads(data)) for name, kind, data in found]


def test_the_documented_archive_survives_kills_and_has_every_answer_once(service: LiveService, tmp_path: Path) -> None:
    archive = Archive(service, tmp_path)
    events = [make_event(ions=IONS) for _ in range(4)]
    service.start_worker()
    for event in (*events, events[0]):  # the first one twice
        service.send(event)
    for answers in (1, 4, 8):
        reader = archive.start()
        wait_until(lambda least=answers: len(archive.read()) >= least, "the archive stores answers")
        reader.kill()
        reader.wait()
    reader = archive.start()
    wait_until(lambda: sum(kind.endswith("dataset.classified.v1") for _, kind, _ in archive.read()) == 4, "all are in")
    reader.kill()
    reader.wait()
    stored = archive.read()
    for event in events:
        rows = [row for _, _, data in stored if data["event_id"] == event["id"] for row in data.get("rows", [])]
        assert [row["annotation_id"] for row in rows] == [f"ion-{number}" for number in range(IONS)]
    assert len(stored) == 4 * 3
