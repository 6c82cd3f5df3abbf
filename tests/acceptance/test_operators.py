"""The operators' commands next to a live worker: what runs is seen, cancelled, paused and resumed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from command_running import Ended, run_command
from live_service import (
    LiveService,
    LiveWorker,
    make_event,
    open_service,
    require_whole_once,
    wait_until,
)
from slow_store import SlowStore


@pytest.fixture(scope="module")
def service(slow_store: SlowStore) -> Iterator[LiveService]:
    """A server and one worker for all tests of this module."""
    with open_service() as live:
        live.start_worker(**slow_store.settings)
        yield live


@pytest.fixture
def worker(service: LiveService) -> LiveWorker:
    return service.workers[0]


def offsample(service: LiveService, *arguments: str) -> Ended:
    return run_command(*arguments, redis_url=service.server.url)


def wait_for_run(service: LiveService, entry_id: str) -> dict[str, Any]:
    """The running event, as `queue status` shows it once some of its images are done."""
    wait_until(lambda: service.is_running(entry_id), "the event runs")
    runs = offsample(service, "queue", "status", "--json").json["running"]
    (run,) = [one for one in runs if one["entry"].endswith(entry_id)]
    assert isinstance(run, dict)
    return run


def test_a_running_event_is_joined_to_celery_and_to_the_logs_and_cancelled(
    service: LiveService, worker: LiveWorker, slow_store: SlowStore
) -> None:
    trace = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
    event, after = slow_store.make_event(seconds=300) | {"traceparent": trace}, make_event()

    run = wait_for_run(service, service.send(event))
    service.send(after)
    celery = (sys.executable, "-m", "celery", "--app", "worker.app", "inspect", "active", "--json", "--timeout", "10")
    active = subprocess.run(celery, env=os.environ | service.environment, capture_output=True, text=True, check=True)
    ended = offsample(service, "cancel", event["id"], "--reason", "wrong file", "--json")

    assert (run["event_id"], run["event_source"], run["dataset_id"]) == (event["id"], "test", "bladder")
    assert (run["pid"] in worker.children, run["total"]) == (True, 3000)
    for shown in (f'"{run["worker"]}"', f'"id": "{run["task_id"]}"', f'"worker_pid": {run["pid"]}'):
        assert shown in active.stdout
    assert [entry["place"] for entry in ended.json["entries"]] == ["running"]
    assert service.wait_for_closing(event["id"])["data"]["error"] == "cancelled"
    assert len(service.answers(event["id"])) == 1
    (fenced,) = wait_until(lambda: worker.logged("event_fenced"), "its worker notices")
    assert (fenced["event_id"], fenced["entry"]) == (event["id"], run["entry"])
    assert ("wrong file" in fenced["reason"], "/offsample" in fenced["reason"]) == (True, True), fenced["reason"]
    assert (fenced["task_id"], fenced["trace_id"]) == (run["task_id"], "ab" * 16)


def test_a_finished_event_is_joined_to_the_logs(service: LiveService, worker: LiveWorker) -> None:
    event = make_event(ions=3)
    service.send(event)
    service.wait_for_closing(event["id"])

    (known,) = offsample(service, "events", "show", event["id"], "--json").json["records"]

    lines = wait_until(lambda: worker.logged("dataset_classified"), "it is logged")
    (line,) = [one for one in lines if one["event_id"] == event["id"]]
    assert (line["entry"], line["task_id"]) == (known["entry"], known["run"]["task_id"])


def test_cancelling_while_events_finish_loses_and_doubles_no_answer(service: LiveService) -> None:
    """Each event has one answer, its classification or the rejection, whichever was published first."""
    events = [make_event(ions=3) for _ in range(12)]
    for event in events:
        service.send(event)
    for event in events:
        offsample(service, "cancel", event["id"])

    for event in events:
        service.wait_for_closing(event["id"])
    cancelled = [event for event in events if len(service.answers(event["id"])) == 1]
    assert cancelled
    assert {service.answers(event["id"])[0]["data"].get("error") for event in cancelled} == {"cancelled"}
    require_whole_once(service, [event for event in events if event not in cancelled])


def test_a_paused_worker_finishes_what_runs_and_takes_nothing_new(
    service: LiveService, worker: LiveWorker, slow_store: SlowStore
) -> None:
    running, waiting = slow_store.make_event(seconds=2), make_event()
    wait_for_run(service, service.send(running))
    assert offsample(service, "queue", "pause").code == 0
    service.send(waiting)

    service.wait_for_closing(running["id"])
    time.sleep(1.0)
    status = offsample(service, "queue", "status", "--json").json

    assert service.answers(waiting["id"]) == []
    assert (status["priorities"][1]["waiting"], status["running"]) == (1, [])
    wait_until(lambda: worker.logged("intake_paused"), "the worker reports the pause")
    offsample(service, "queue", "resume")
    service.wait_for_closing(waiting["id"])
    wait_until(lambda: worker.logged("intake_resumed"), "the worker reports the end of the pause")


def test_a_worker_is_listed_while_it_lives(service: LiveService, slow_store: SlowStore) -> None:
    def listed() -> list[dict[str, Any]]:
        workers = offsample(service, "queue", "status", "--json").json["workers"]
        return [one for one in workers if one["pid"] == second.process.pid]

    second = service.start_worker(**slow_store.settings)
    (found,) = wait_until(listed, "the worker is listed")
    assert (found["is_alive"], found["state"], found["engine"]) == (True, "running", "onnx")

    assert second.stop() == 0
    assert listed() == []


def test_one_producer_cannot_take_all_workers(service: LiveService, slow_store: SlowStore) -> None:
    """With a quota of 1 and two children, the events of one source run one after the other, beside those of others."""
    flood = [slow_store.make_event(seconds=0.3) | {"source": "/flood"} for _ in range(6)]
    other = slow_store.make_event(seconds=0.1) | {"source": "/other"}
    assert service.workers[0].stop() == 0
    worker = service.start_worker(**slow_store.settings, source_quota=1, concurrency=2, threads=1)
    for event in (*flood, other):
        service.send(event)

    most = 0
    while not all(service.answers(event["id"]) for event in flood):
        running = offsample(service, "queue", "status", "--json").json["running"]
        most = max(most, sum(run["event_source"] == "/flood" and run["total"] is not None for run in running))
    order = [message["data"]["event_id"] for message in service.results() if "counts" in message["data"]]

    assert most == 1
    assert order.index(other["id"]) < order.index(flood[2]["id"])
    assert worker.logged("events_parked")
    require_whole_once(service, [*flood, other])


def test_killed_workers_lose_and_repeat_no_parked_events(service: LiveService, slow_store: SlowStore) -> None:
    """Whatever they held, and whatever they had parked, is run by the next one."""
    events = [slow_store.make_event(seconds=0.2) | {"source": f"/{number % 2}"} for number in range(12)]
    settings = slow_store.settings | {"source_quota": "1", "concurrency": "2", "threads": "1"}
    for worker in service.workers:
        worker.kill()
    for event in events:
        service.send(event)

    for answered in (2, 5):
        doomed = service.start_worker(**settings)
        wait_until(lambda least=answered: _count_closed(service, events) >= least, "some are answered")
        doomed.kill()
    service.start_worker(**settings)

    for event in events:
        service.wait_for_closing(event["id"])
    require_whole_once(service, events)
    assert not service.dead_letters()


def _count_closed(service: LiveService, events: list[dict[str, Any]]) -> int:
    closed = {message["data"]["event_id"] for message in service.results() if "counts" in message["data"]}
    return len(closed & {event["id"] for event in events})


def test_the_dashboard_shows_the_status_until_it_is_interrupted(service: LiveService) -> None:
    command = [sys.executable, "-m", "worker.cli.main", "queue", "top", "--interval", "0.2"]
    offsample(service, "queue", "status")
    before = _count_looks(service)
    with (service.folder / "top.txt").open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | service.environment, stdout=output)
        wait_until(lambda: _count_looks(service) >= before + 3, "it looks three times", 20)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert (service.folder / "top.txt").read_text().count("backlog") >= 2, "not on a terminal, one after the other"


def _count_looks(service: LiveService) -> float:
    """How often the status was read: it asks for the length of five streams, and workers ask for none."""
    return float(service.server.connect().info("commandstats")["cmdstat_xlen"]["calls"]) / 5
