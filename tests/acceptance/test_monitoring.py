"""The HTTP endpoint of a live worker: probes that follow its state, and metrics as documented."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import pytest
from command_running import run_command
from documented_metrics import read_alerts, read_dashboard_queries, read_metrics
from live_service import SHORT_LEASE, LiveServer, LiveService, LiveWorker, make_event, wait_until
from live_stores import find_free_port
from prometheus_client.parser import text_string_to_metric_families

from model_store.release import default_version
from worker.operators.drift import FEWEST_DATASETS


@pytest.fixture(scope="module")
def service() -> Iterator[LiveService]:
    """A server and one worker with two children and an endpoint."""
    with TemporaryDirectory(prefix="offs-") as folder:
        server = LiveServer(Path(folder), options={"maxmemory": "1gb"})
        server.start()
        live = LiveService(server, Path(folder), dict(SHORT_LEASE))
        try:
            live.start_worker(http_address="0", concurrency=2, threads=1)
            yield live
        finally:
            live.close()


@pytest.fixture
def worker(service: LiveService) -> LiveWorker:
    return service.workers[0]


@pytest.fixture
def prometheus(worker: LiveWorker) -> Iterator[str]:
    """The URL of a Prometheus that scrapes the worker every second."""
    program = shutil.which("prometheus")
    assert program is not None, "expected prometheus, which `make test` installs, found none"
    (line,) = worker.logged("http_listening")
    with TemporaryDirectory(prefix="offs-") as name:
        folder, port = Path(name), find_free_port()
        targets = [{"targets": [f"127.0.0.1:{line['port']}"]}]
        scrape_config = {"job_name": "offsample", "scrape_interval": "1s", "static_configs": targets}
        (folder / "prometheus.yaml").write_text(json.dumps({"scrape_configs": [scrape_config]}))
        options = (f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [program, *options, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log
            )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def ask(url: str, query: str) -> list[Any]:
    """The result of a query; empty while Prometheus starts."""
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query?{urlencode({'query': query})}", timeout=10) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.SERVICE_UNAVAILABLE:
            return []
        raise
    except (ConnectionError, urllib.error.URLError):
        return []
    return list(found["data"]["result"])


def get(worker: LiveWorker, path: str) -> tuple[int, str]:
    """Status and body of one request."""
    (line,) = worker.logged("http_listening")
    assert line["host"] == "127.0.0.1"
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{line['port']}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def reasons(worker: LiveWorker, path: str) -> list[str]:
    status, body = get(worker, path)
    found = json.loads(body)
    assert (status == 200) is found["ok"] is (not found["reasons"])
    return list(found["reasons"])


def scrape(worker: LiveWorker) -> dict[str, Any]:
    """Families by the name that the page uses."""
    families = text_string_to_metric_families(get(worker, "/metrics")[1])
    return {f"{one.name}_total" if one.type == "counter" else one.name: one for one in families}


def value(worker: LiveWorker, name: str, **labels: str) -> float:
    family = scrape(worker)[name]
    return sum(sample.value for sample in family.samples if labels.items() <= sample.labels.items())


def is_last(message: dict[str, Any]) -> bool:
    """Whether it is the last message of an answer."""
    return "rows" not in message["data"]


def test_a_worker_is_alive_and_becomes_ready(worker: LiveWorker) -> None:
    wait_until(lambda: reasons(worker, "/readyz") == [], "both children are ready")
    assert reasons(worker, "/livez") == []
    assert get(worker, "/elsewhere")[0] == 404
    assert value(worker, "offsample_worker_children_ready") == 2


def test_the_metrics_are_those_of_the_page(service: LiveService, worker: LiveWorker) -> None:
    """After events of every outcome; the numbers of both children are added up."""
    events = [make_event(ions=3) for _ in range(FEWEST_DATASETS)]
    for event in events:
        service.send(event)
    for event in [*events, make_event(release="1900.1.1"), {"id": "invalid"}]:
        if event not in events:
            service.send(event)
    answers = FEWEST_DATASETS + 2
    wait_until(lambda: [*map(is_last, service.results())].count(True) == answers, "all are answered")
    service.server.connect().xgroup_create("offsample:results", "archive", id="0")

    wait_until(
        lambda: value(worker, "offsample_events_total", outcome="classified") == FEWEST_DATASETS, "all are counted"
    )
    found, documented = scrape(worker), read_metrics()

    assert value(worker, "offsample_events_total", outcome="rejected") == 1
    assert value(worker, "offsample_event_rejections_total", error="unknown_release") == 1
    assert value(worker, "offsample_ion_images_total", status="classified") == 3 * FEWEST_DATASETS
    assert value(worker, "offsample_drift_datasets", release=default_version()) == FEWEST_DATASETS
    assert value(worker, "offsample_dead_letters") == 1
    assert value(worker, "offsample_results_unread", group="archive") == len(service.results())
    missing = {name for name in documented if "shadow" in name}
    missing |= {"offsample_events_handed_back_total", "offsample_events_fenced_total"} - set(found)
    assert set(found) | missing == set(documented) | {"offsample_build_info", "offsample_release_info"}
    for name, family in found.items():
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        assert (name, family.type, labels) == (name, documented[name].type, documented[name].labels)


def test_prometheus_answers_every_query_of_dashboard_and_alerts(
    service: LiveService, worker: LiveWorker, prometheus: str
) -> None:
    """The queries have data, but for what did not happen here."""
    running = {"offsample_worker_ready", "offsample_event_rejections_total"}
    for number in range(3):
        service.send(make_event(ions=3))
        service.send(make_event(release=f"1900.1.{number}"))
    wait_until(lambda: running <= set(scrape(worker)), "all is counted")
    absent = ("handed_back", "fenced", "shadow", 'attempt="repeated"')
    queries = [query for query in read_dashboard_queries() if not any(part in query for part in absent)]
    wait_until(lambda: all(ask(prometheus, query) for query in queries[:1]), "the worker is scraped")

    unanswered = set(queries)

    def find_unanswered() -> bool:
        service.send(make_event(ions=3))
        service.send(make_event(release="1900.1.1"))
        unanswered.difference_update([query for query in unanswered if ask(prometheus, query)])
        return not unanswered

    try:
        wait_until(find_unanswered, "every query has data")
    finally:
        assert not unanswered
    for rule in read_alerts():
        ask(prometheus, rule["expr"])


def test_a_paused_worker_is_alive_and_not_ready(service: LiveService, worker: LiveWorker) -> None:
    run_command("queue", "pause", redis_url=service.server.url)
    wait_until(lambda: "the intake is paused" in reasons(worker, "/readyz"), "it reports the pause")
    assert reasons(worker, "/livez") == []
    assert value(worker, "offsample_queue_paused") == 1
    assert value(worker, "offsample_worker_ready") == 0
    run_command("queue", "resume", redis_url=service.server.url)
    wait_until(lambda: reasons(worker, "/readyz") == [], "it is ready again")


def test_a_frozen_child_is_not_ready(worker: LiveWorker) -> None:
    worker.signal_children(signal.SIGSTOP)
    wait_until(lambda: "0 of 2 pool children are ready" in reasons(worker, "/readyz"), "they are silent")
    worker.signal_children(signal.SIGCONT)
    wait_until(lambda: reasons(worker, "/readyz") == [], "it is ready again")


def test_a_worker_without_its_server_is_alive_and_not_ready(service: LiveService, worker: LiveWorker) -> None:
    service.server.kill()
    wait_until(lambda: any("the server does not" in one for one in reasons(worker, "/readyz")), "it notices")
    assert reasons(worker, "/livez") == []
    found = scrape(worker)
    assert found["offsample_server_up"].samples[0].value == 0
    assert "offsample_queue_events" not in found
    service.server.start()
    wait_until(lambda: reasons(worker, "/readyz") == [], "it is ready again")


def test_a_full_server_is_down_for_the_metrics_and_named_by_the_probe(service: LiveService, worker: LiveWorker) -> None:
    """Reads succeed on it, but no event can be finished."""
    with service.server.connect() as server:
        server.config_set("maxmemory", 1)
        wait_until(lambda: scrape(worker)["offsample_server_up"].samples[0].value == 0, "the gauge shows it")
        wait_until(lambda: any("maxmemory" in one for one in reasons(worker, "/readyz")), "the probe names it")
        server.config_set("maxmemory", "1gb")
    wait_until(lambda: scrape(worker)["offsample_server_up"].samples[0].value == 1, "the gauge shows that it serves")


def test_an_address_in_use_stops_the_start(service: LiveService, worker: LiveWorker) -> None:
    (line,) = worker.logged("http_listening")
    ended = subprocess.run(
        [sys.executable, "-m", "worker.cli.main", "worker"],
        env=os.environ | service.environment | {"OFFSAMPLE_HTTP_ADDRESS": str(line["port"])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 3
    assert "OFFSAMPLE_HTTP_ADDRESS" in ended.stderr


def test_a_folder_of_another_program_is_not_used(service: LiveService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "/nowhere")
    assert service.start_worker().stop() == 0


def test_a_stopped_worker_leaves_no_folder(worker: LiveWorker) -> None:
    maps = Path(f"/proc/{worker.children[0]}/maps").read_text()
    (folder,) = {Path(path).parent for path in re.findall(r"/\S*offsample-metrics-\S*", maps)}
    assert folder.is_dir()
    assert worker.stop() == 0
    assert not folder.exists()
