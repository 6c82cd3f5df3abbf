"""The server's contents are backed up and restored as docs/operations.md shows."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from documented import read_block
from live_service import LiveServer, LiveService, make_event, open_service, require_whole_once, wait_until
from live_stores import find_free_port


@pytest.fixture
def folder() -> Iterator[Path]:
    """Of the copy and the new server; short, for the path of its socket."""
    with TemporaryDirectory(prefix="offs-") as name:
        yield Path(name)


def test_a_restored_server_answers_what_waited_and_remembers_what_was_answered(folder: Path) -> None:
    answered, waiting = make_event(ions=30), [make_event(ions=30) for _ in range(3)]
    port = str(find_free_port())
    with open_service(port=port) as service:
        worker = service.start_worker()
        service.send(answered)
        service.wait_for_closing(answered["id"])
        worker.stop()
        for event in waiting:
            service.send(event)
        run_block("example: back up", folder, OFFSAMPLE_REDIS_URL=f"redis://127.0.0.1:{port}/0")
    restored = restore(folder)
    live = LiveService(restored, folder, dict(service.settings))
    try:
        live.send(answered)
        live.start_worker()
        for event in waiting:
            live.wait_for_closing(event["id"])
        require_whole_once(live, waiting)
        repeated = [line for worker in live.workers for line in worker.logged("event_repeated")]
        assert [line["event_id"] for line in repeated] == [answered["id"]]
    finally:
        live.close()


def restore(folder: Path) -> LiveServer:
    """A server with the contents of the copy, stopped after it was restored, and started with its usual options."""
    server = LiveServer(folder / "new")
    server.folder.mkdir()
    variables = {"FOLDER": str(server.folder), "SERVER": server.binary, "PORT": str(find_free_port())}
    run_block("example: restore", folder, **variables)
    pid_file = server.folder / "server.pid"
    os.kill(int(pid_file.read_text()), signal.SIGTERM)
    wait_until(lambda: not pid_file.exists(), "the restored server ends")
    server.start()
    return server


def run_block(marker: str, folder: Path, **variables: str) -> None:
    subprocess.run(
        ["sh", "-e", "-c", read_block("operations.md", marker)],
        cwd=folder,
        env=os.environ | variables,
        check=True,
        timeout=60,
    )
