"""The commands of compose.yaml, as they stand there but without containers: server, worker, health check, Flower."""

import base64
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from command_running import run_command
from documented import CHECKOUT, install_command
from live_service import BLADDER, LiveServer, LiveService, make_event, wait_until
from live_stores import find_free_port
from secret_making import make_secrets

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())["services"]


def read_words(words: list[str], folder: Path, **ports: int) -> list[str]:
    """Words of the file as a container gets them, with the folder of this test's secrets and ports that are free."""
    found = []
    for word in words:
        text = (
            word.replace("$$", "$").replace("/run/secrets", str(folder / "secrets")).replace("${VALKEY_MAXMEMORY:-", "")
        )
        for usual, port in (("6379", ports.get("server")), ("5555", ports.get("flower"))):
            text = text.replace(usual, str(port))
        found.append(text.removesuffix("}"))
    return found


@pytest.fixture(scope="module")
def port() -> int:
    return find_free_port()


@pytest.fixture(scope="module")
def service(port: int) -> Iterator[LiveService]:
    """The file's server, and a worker with the settings of its workers."""
    with TemporaryDirectory(prefix="offs-") as name:
        folder, address = Path(name), f"127.0.0.1:{port}"
        url = (make_secrets(folder, address, address) / "worker.url").read_text().strip()
        server = LiveServer(folder, login=url.removeprefix("redis://").split("@")[0] + "@")
        _, *options = read_words(SERVICES["valkey"]["command"], folder, server=port)
        options += ["--port", str(port), "--bind", "127.0.0.1", "--dir", name, "--unixsocket", f"{name}/v.sock"]
        server.process = subprocess.Popen([server.binary, *options], stdout=subprocess.DEVNULL)
        here = {"REDIS_URL": "", "REDIS_URL_FILE": f"{name}/secrets/worker.url"}
        here |= {"HTTP_ADDRESS": "0", "ALLOWED_ROOTS": str(BLADDER)}
        settings = {f"OFFSAMPLE_{setting}": value for setting, value in here.items()}
        live = LiveService(server, folder, SERVICES["worker"]["environment"] | settings)
        try:
            wait_until(lambda: ask_health(folder, port) == 0, "the server is healthy", 20)
            yield live
        finally:
            live.close()


def ask_health(folder: Path, port: int) -> int:
    """The exit code of the server's health check."""
    install_command(folder / "bin", "valkey-cli", 'redis-cli "$@" 2>/dev/null')
    kind, command = SERVICES["valkey"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    (shell,) = read_words([command], folder, server=port)
    return subprocess.run(["sh", "-c", shell], env={"PATH": path}, stdout=subprocess.DEVNULL, check=False).returncode


def test_the_health_check_fails_for_a_server_that_is_not_there(service: LiveService) -> None:
    assert ask_health(service.folder, find_free_port()) != 0


def test_the_server_is_as_a_doctor_wants_it(service: LiveService) -> None:
    settings = {name.removeprefix("OFFSAMPLE_").lower(): value for name, value in service.settings.items()}
    found = run_command("doctor", "--json", **settings)
    assert found.code == 0, found.output
    (only,) = [one for one in found.json["findings"] if one["health"] != "ok"]
    assert (only["check"], "this user may not read it" in only["found"]) == ("persistence", True)


def test_a_worker_answers_an_event_and_flower_shows_it(service: LiveService, port: int) -> None:
    service.start_worker()
    event = make_event()
    service.send(event)
    service.wait_for_closing(event["id"])
    flower = find_free_port()
    with TemporaryDirectory(prefix="offs-") as name:
        program, *command = SERVICES["flower"]["entrypoint"] + SERVICES["flower"]["command"]
        assert shutil.which(program)
        words = read_words(command, service.folder, server=port, flower=flower)
        process = subprocess.Popen([program, *words], cwd=name, stderr=subprocess.DEVNULL)
        try:
            password = (service.folder / "secrets" / "dashboards.password").read_text()
            worker = f"offsample-{service.workers[0].process.pid}@"
            wait_until(lambda: worker in str(ask_flower(flower, f"admin:{password}")), "Flower shows the worker", 30)
            refused = ask_flower(flower, "admin:guess")
        finally:
            process.kill()
            process.wait()
    assert refused == {HTTPStatus.UNAUTHORIZED.name: None}


def ask_flower(port: int, login: str) -> dict[str, Any]:
    """The workers that Flower knows, none while it starts; or its refusal."""
    headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/workers?refresh=1", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        with error:
            return {HTTPStatus(error.code).name: None}
    except OSError:
        return {}
