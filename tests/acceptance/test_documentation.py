"""The examples of docs/messages.md and the README work as written, in each language."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documented import CHECKOUT, install_command, read_block
from live_service import BLADDER, NAMES, LiveService, make_event, open_service, wait_until
from live_stores import find_free_port

from worker.ledger.names import GROUP

NODE_PACKAGES = Path("/usr/share/nodejs")
"""Where Debian installs node-redis."""


def _example(name: str) -> str:
    return read_block("messages.md", f"example: {name}")


@pytest.fixture
def service() -> Iterator[LiveService]:
    """A service whose server listens on a port, because `redis-cli -u` and node-redis do not support sockets."""
    with open_service(port=str(find_free_port()), bind="127.0.0.1") as live:
        yield live


@pytest.fixture
def environment(service: LiveService) -> dict[str, str]:
    """The variables that the page uses: the server, and a folder of ion images."""
    url = f"redis://127.0.0.1:{service.server.options['port']}/0"
    return os.environ | service.environment | {"OFFSAMPLE_REDIS_URL": url, "BLADDER": str(BLADDER)}


@pytest.fixture
def node(service: LiveService) -> list[str]:
    """The command that runs the page's module with node-redis."""
    program = shutil.which("node")
    assert program is not None, "expected Node.js, which `make test` installs, found none"
    assert (NODE_PACKAGES / "redis").is_dir(), "expected node-redis, which `make test` installs, found none"
    (service.folder / "node_modules").symlink_to(NODE_PACKAGES)
    module = service.folder / "example.mjs"
    module.write_text(_example("node"))
    return [program, str(module)]


def _start(program: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    search_path = {"NODE_PATH": str(NODE_PACKAGES)}  # for what node-redis itself needs
    return subprocess.run(
        program, env=environment | search_path, capture_output=True, text=True, timeout=90, check=False
    )


def _run(program: list[str], environment: dict[str, str]) -> str:
    finished = _start(program, environment)
    assert finished.returncode == 0, finished.stderr + finished.stdout
    return finished.stdout


def _messages(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


def test_redis_cli_alone_sends_an_event_and_receives_its_results(
    service: LiveService, environment: dict[str, str]
) -> None:
    service.start_worker()

    printed = _run(["sh", "-c", _example("send") + _example("receive")], environment)

    assert re.match(r"\d+-\d+\n", printed)
    chunk, closing = _messages(printed)
    assert (chunk["type"], closing["type"]) == (
        "offsample.ion_images.classified.v1",
        "offsample.dataset.classified.v1",
    )
    assert len(chunk["data"]["rows"]) == 79
    assert service.server.connect().xpending("offsample:results", "archive")["pending"] == 0


def test_the_receiving_example_skips_the_answers_to_other_events(
    service: LiveService, environment: dict[str, str]
) -> None:
    service.start_worker()
    other, rejected = make_event(), make_event(release="1900.1.1")
    for event in (other, rejected):
        service.send(event)
        service.wait_for_closing(event["id"])

    printed = _run(["sh", "-c", _example("send") + _example("receive")], environment)
    again = _run(["sh", "-c", _example("send") + _example("receive")], environment)

    assert len(_messages(printed)) == 5, "two messages of the first, one of the second, two of its own"
    assert len(_messages(again)) == 2, "the group has read the others"


@pytest.mark.parametrize("language", ["sh", "python", "node", "r"])
def test_an_example_reports_that_its_event_was_rejected(
    service: LiveService, environment: dict[str, str], node: list[str], language: str
) -> None:
    service.start_worker()
    programs = {
        "sh": ["sh", "-c", _example("send") + _example("receive")],
        "python": [sys.executable, "-c", _example("python")],
        "node": node,
        "r": ["Rscript", "-e", _example("r")],
    }

    finished = _start(programs[language], environment | {"BLADDER": "/elsewhere"})

    assert finished.returncode == 1, finished.stderr
    assert "rejected" in finished.stderr
    assert "forbidden_uri" in finished.stderr + finished.stdout


def test_the_sending_example_fails_when_the_server_rejects_the_event(
    service: LiveService, environment: dict[str, str]
) -> None:
    service.server.connect().config_set("maxmemory", 1)

    finished = _start(["sh", "-c", _example("send")], environment)

    assert finished.returncode != 0
    assert "OOM" in finished.stderr + finished.stdout


def test_the_python_example_prints_every_row(service: LiveService, environment: dict[str, str]) -> None:
    service.start_worker()

    printed = _run([sys.executable, "-c", _example("python")], environment)

    assert len(printed.splitlines()) == 79


def test_the_node_example_prints_every_row(service: LiveService, environment: dict[str, str], node: list[str]) -> None:
    service.start_worker()

    first, second = _run(node, environment), _run(node, environment)

    assert len(first.splitlines()) == 79
    assert len(second.splitlines()) == 79


def test_the_r_example_prints_every_row(service: LiveService, environment: dict[str, str]) -> None:
    service.start_worker()
    rejected = make_event(release="1900.1.1")
    service.send(rejected)
    service.wait_for_closing(rejected["id"])

    first, second = (_run(["Rscript", "-e", _example("r")], environment) for _ in range(2))

    assert [first.count("mz_"), second.count("mz_")] == [79, 79]


def test_the_readme_sends_an_event_and_reads_its_results(service: LiveService, environment: dict[str, str]) -> None:
    service.start_worker()
    install_command(service.folder / "bin", "offsample", f'{sys.executable} -m worker.cli.main "$@"')
    search_path = {"PATH": f"{service.folder / 'bin'}:{os.environ['PATH']}"}
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(offsample submit .*?)```", text, re.DOTALL)
    *sending, reading = block.replace("/data/my_dataset", str(BLADDER)).splitlines()

    sent = _run(["sh", "-e", "-c", "\n".join(sending)], environment | search_path)
    service.wait_for_closing("run-1")
    read = _run(["sh", "-e", "-c", reading], environment | search_path)

    assert sent.count("mz_") >= 79
    assert read.count("mz_") >= 79


def test_a_dead_letter_can_be_sent_again_as_documented(service: LiveService, environment: dict[str, str]) -> None:
    """A dead letter because all of its workers were killed; the workers of this test are not."""
    _run(["sh", "-e", "-c", _example("send")], environment)
    _pretend_that_workers_died(service, times=5)
    service.start_worker()
    (letter,) = wait_until(service.dead_letters, "the event is a dead letter")

    _run([sys.executable, "-c", _example("send again")], environment)

    wait_until(lambda: len(service.results()) > 1, "it is answered")
    closing = service.wait_for_closing(json.loads(letter[b"message"])["id"])
    assert closing["type"] == "offsample.dataset.classified.v1"
    assert not service.dead_letters()


def _pretend_that_workers_died(service: LiveService, times: int) -> None:
    """Deliver the event to workers that were killed long ago."""
    server, stream = service.server.connect(), NAMES.events("normal")
    server.xgroup_create(stream, GROUP, id="0")
    ((_, [(entry, _)]),) = server.xreadgroup(GROUP, "killed", {stream: ">"})
    server.xclaim(stream, GROUP, "killed", 0, [entry], idle=3_600_000, retrycount=times)
