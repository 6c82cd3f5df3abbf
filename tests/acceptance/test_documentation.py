"""What docs/messages.md shows works as it is written there, in the languages it shows it in."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from documented import install_command, read_block
from live_service import BLADDER, LiveService, wait_until


def _example(name: str) -> str:
    return read_block("messages.md", f"example: {name}")


@pytest.fixture
def environment(service: LiveService) -> dict[str, str]:
    """An environment in which `redis-cli` and the examples speak to the test's server."""
    real = shutil.which("redis-cli")
    assert real is not None, "redis-cli is not installed; right would be `make test`, which installs it"
    commands = service.folder / "bin"
    install_command(commands, "redis-cli", f'{real} -s "{service.folder}/v.sock" "$@"')
    path = f"{commands}:{os.environ['PATH']}"
    return os.environ | service.environment | {"PATH": path, "BLADDER": str(BLADDER)}


def _run(program: list[str], environment: dict[str, str]) -> str:
    finished = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert finished.returncode == 0, finished.stderr + finished.stdout
    return finished.stdout


def test_an_event_is_sent_and_its_results_received_with_redis_cli_alone(
    service: LiveService, environment: dict[str, str]
) -> None:
    service.start_worker()

    sent = _run(["sh", "-e", "-c", _example("send")], environment)
    received = _run(["sh", "-e", "-c", _example("receive")], environment)

    assert re.fullmatch(r"\d+-\d+\n", sent)
    messages = [json.loads(line) for line in received.splitlines() if line.startswith("{")]
    assert [message["type"] for message in messages] == [
        "offsample.ion_images.classified.v1",
        "offsample.dataset.classified.v1",
    ]
    assert len(messages[0]["data"]["rows"]) == 79
    assert service.server.connect().xpending("offsample:results", "archive")["pending"] == 0


def test_the_python_example_prints_every_row(service: LiveService, environment: dict[str, str]) -> None:
    service.start_worker()

    printed = _run([sys.executable, "-c", _example("python")], environment)

    assert len(printed.splitlines()) == 79


def test_a_dead_letter_is_sent_again_as_the_page_says(service: LiveService, environment: dict[str, str]) -> None:
    """Put aside because of a limit, sent again to workers with a larger one."""
    first = service.start_worker(max_event_bytes=10)
    _run(["sh", "-e", "-c", _example("send")], environment)
    (letter,) = wait_until(service.dead_letters, "the event is put aside")
    first.stop()
    service.start_worker()

    _run([sys.executable, "-c", _example("send again")], environment)

    wait_until(lambda: len(service.results()) > 1, "it is answered")
    closing = service.wait_for_closing(json.loads(letter[b"message"])["id"])
    assert closing["type"] == "offsample.dataset.classified.v1"
    assert not service.dead_letters()
