"""A worker that cannot run gives the reason and ends with exit code 3; the health check reports on pool children."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from live_service import LiveService, make_event, wait_until

from model_store.release import open_release


def _break_release(folder: Path, _: dict[str, str]) -> dict[str, str]:
    """A release whose files match its manifest, but whose graph is invalid."""
    release = open_release()
    copy = folder / "releases" / release.version
    shutil.copytree(release.folder, copy)
    (folder / "releases" / "DEFAULT").write_text(release.version)
    graph = copy / release.manifest.ensemble_onnx.name
    graph.write_bytes(b"no graph")
    _state_hash_of(graph, copy / "manifest.json")
    return {"OFFSAMPLE_RELEASES_ROOT": str(folder / "releases")}


def _state_hash_of(file: Path, manifest: Path) -> None:
    import hashlib  # noqa: PLC0415 - one use
    import json  # noqa: PLC0415 - one use

    def restate(value: object) -> object:
        if isinstance(value, dict):
            if value.get("name") == file.name:
                value |= {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
                value |= {"bytes": file.stat().st_size} if "bytes" in value else {}
            return {name: restate(each) for name, each in value.items()}
        return [restate(each) for each in value] if isinstance(value, list) else value

    manifest.write_text(json.dumps(restate(json.loads(manifest.read_text()))))


def _die_at_start(folder: Path, _: dict[str, str]) -> dict[str, str]:
    """An engine that kills its process when it is loaded, like one built for another processor."""
    package = folder / "broken" / "onnxruntime"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n")
    return {"PYTHONPATH": str(folder / "broken")}


def _break_engine(folder: Path, _: dict[str, str]) -> dict[str, str]:
    package = folder / "broken" / "onnxruntime"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('libgomp.so.1: cannot open shared object file')\n")
    return {"PYTHONPATH": str(folder / "broken")}


def _leave_no_temporary_folder(folder: Path, _: dict[str, str]) -> dict[str, str]:
    """`tempfile` also tries /tmp and others; a limit on the file size makes all of them unusable."""
    return {"OFFSAMPLE_TEST_FILE_BYTES": "0", "TMPDIR": str(folder / "nowhere")}


def _give_too_little_memory(_: Path, __: dict[str, str]) -> dict[str, str]:
    return {"OFFSAMPLE_MAX_MEMORY_BYTES": str(2**20)}


@pytest.mark.parametrize(
    ("broken", "noun"),
    [
        (_break_release, "release"),
        (_break_engine, "libgomp"),
        (_die_at_start, "died"),
        (_leave_no_temporary_folder, "TMPDIR"),
        (_give_too_little_memory, "OFFSAMPLE_MAX_MEMORY_BYTES"),
    ],
)
def test_a_worker_whose_children_cannot_start_ends_with_exit_code_3(
    service: LiveService, tmp_path: Path, broken: Callable[[Path, dict[str, str]], dict[str, str]], noun: str
) -> None:
    environment = os.environ | service.environment
    environment |= broken(tmp_path, environment)
    file_bytes = environment.pop("OFFSAMPLE_TEST_FILE_BYTES", "unlimited")
    with subprocess.Popen(
        ["bash", "-c", f'ulimit -f {file_bytes}; exec "$0" -m worker.cli.main worker', sys.executable],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            log, errors = process.communicate(timeout=60)
        finally:
            process.kill()

    assert process.returncode == 3, log + errors
    last_line = errors.splitlines()[-1]
    assert last_line.startswith("offsample: ")
    assert noun in last_line


def test_the_health_check_reports_on_the_pool_children(service: LiveService) -> None:
    event = make_event(ions=20_000)
    worker = service.start_worker()
    entry = service.send(event)
    wait_until(lambda: service.is_running(entry), "the event runs")
    assert _ask_health(service) == 0

    worker.signal_children(signal.SIGSTOP)
    wait_until(lambda: _ask_health(service) == 1, "a frozen child is noticed", 30)

    worker.signal_children(signal.SIGCONT)
    wait_until(lambda: _ask_health(service) == 0, "a child that goes on is noticed", 30)


def _ask_health(service: LiveService) -> int:
    command = [sys.executable, "-m", "worker.cli.main", "health", "--timeout", "3"]
    return subprocess.run(
        command, env=os.environ | service.environment, capture_output=True, check=False, timeout=60
    ).returncode
