"""kill -9 at the worst moments: each result set arrives exactly once and complete."""

import os
import signal
import time

from live_service import LiveServer, LiveService, make_event, require_whole_once, wait_until
from live_stores import find_free_port
from slow_store import SlowStore


def test_a_killed_worker_loses_and_repeats_no_results(service: LiveService) -> None:
    """Another worker runs its event again when the lease has expired."""
    events = [make_event(ions=600) for _ in range(6)]
    doomed = service.start_worker()
    entries = [service.send(event) for event in events]
    wait_until(lambda: any(service.is_running(entry) for entry in entries), "an event runs")

    doomed.kill()
    service.start_worker()

    for event in events:
        service.wait_for_closing(event["id"])
    require_whole_once(service, events)
    assert not service.dead_letters()


def test_a_killed_pool_child_loses_and_repeats_no_results(service: LiveService) -> None:
    """Celery replaces the child; the event is claimed again when its lease expires."""
    events = [make_event(ions=600) for _ in range(4)]
    worker = service.start_worker()
    entries = [service.send(event) for event in events]

    for entry in entries[:2]:
        wait_until(lambda entry=entry: service.is_running(entry), "the event runs")
        worker.signal_children(signal.SIGKILL)

    for event in events:
        service.wait_for_closing(event["id"])
    require_whole_once(service, events)
    assert worker.process.poll() is None


def test_a_killed_server_loses_and_repeats_no_results(service: LiveService) -> None:
    """Acknowledged writes are on its disk; workers wait for it and continue."""
    events = [make_event(ions=400) for _ in range(5)]
    worker = service.start_worker()
    entries = [service.send(event) for event in events]

    for entry in (entries[0], entries[2]):
        wait_until(lambda entry=entry: service.is_running(entry), "the event runs")
        service.server.kill()
        time.sleep(0.5)
        service.server.start()

    for event in events:
        service.wait_for_closing(event["id"])
    require_whole_once(service, events)
    assert worker.process.poll() is None


def test_a_fail_over_loses_and_repeats_no_results(service: LiveService) -> None:
    """A planned fail-over and back while events run; both servers accept events."""
    service.server.kill()
    service.server.options["port"] = str(find_free_port())
    service.server.start()
    (service.folder / "b").mkdir()
    other = LiveServer(service.folder / "b", options={"port": str(find_free_port())})
    other.start()
    try:
        other.connect().replicaof("127.0.0.1", service.server.options["port"])
        wait_until(
            lambda: other.connect().info("replication")["master_link_status"] == "up", "the replica is synchronised"
        )
        events = [make_event(ions=400) for _ in range(5)]
        worker = service.start_worker()
        entries = [service.send(event) for event in events]

        for entry in (entries[0], entries[2]):
            wait_until(lambda entry=entry: service.is_running(entry), "the event runs")
            service.server.fail_over_to(other)
            wait_until(lambda: worker.logged("ledger_unreachable"), "the worker notices")
            meanwhile = make_event(ions=400)
            LiveService(other, service.folder).send(meanwhile)
            events.append(meanwhile)
            other.fail_over_to(service.server)

        for event in events:
            service.wait_for_closing(event["id"])
        require_whole_once(service, events)
        assert not service.dead_letters()
        assert worker.process.poll() is None
    finally:
        other.kill()


def test_an_event_longer_than_its_lease_runs_once(service: LiveService, slow_store: SlowStore) -> None:
    """The heartbeat keeps the lease while a second worker asks for work."""
    event = slow_store.make_event(seconds=4)
    service.start_worker(lease_seconds=1, **slow_store.settings)
    service.start_worker(lease_seconds=1, **slow_store.settings)

    service.send(event)
    closing = service.wait_for_closing(event["id"])

    assert closing["type"] == "offsample.dataset.classified.v1"
    require_whole_once(service, [event])
    runs = [line for worker in service.workers for line in worker.logged("dataset_classified")]
    assert [line["deliveries"] for line in runs] == [1]


def test_a_backlog_longer_than_the_lease_dead_letters_nothing(service: LiveService, slow_store: SlowStore) -> None:
    """Waiting costs no attempts: the lease begins when an event is claimed."""
    events = [slow_store.make_event(seconds=0.4) for _ in range(8)]
    for event in events:
        service.send(event)

    service.start_worker(lease_seconds=1, max_deliveries=1, **slow_store.settings)
    for event in events:
        service.wait_for_closing(event["id"])

    require_whole_once(service, events)
    assert not service.dead_letters()
    queued = [
        message["data"]["timings"]["queued_seconds"] for message in service.results() if "counts" in message["data"]
    ]
    assert max(queued) > 1


def test_a_zombie_is_fenced(service: LiveService, slow_store: SlowStore) -> None:
    """A child that was stopped for longer than its lease no longer holds its event."""
    event = slow_store.make_event(seconds=4)
    zombie = service.start_worker(**slow_store.settings)
    entry = service.send(event)
    wait_until(lambda: service.is_running(entry), "the event runs")
    zombie.signal_children(signal.SIGSTOP)

    service.start_worker(**slow_store.settings)
    service.wait_for_closing(event["id"])
    zombie.signal_children(signal.SIGCONT)

    wait_until(lambda: zombie.logged("event_fenced"), "the zombie notices")
    require_whole_once(service, [event])
    after = make_event()
    service.send(after)
    service.wait_for_closing(after["id"])


def test_a_poison_event_is_dead_lettered_and_the_worker_survives(service: LiveService) -> None:
    """An event that always kills its child is dead-lettered after the limit; others are unaffected."""
    poison = make_event(ions=20_000)
    worker = service.start_worker(lease_seconds=1, max_deliveries=3)
    entry = service.send(poison)

    for _ in range(3):
        wait_until(lambda: service.is_running(entry), "the poison event runs")
        service.server.connect().delete(f"offsample:progress:offsample:events/{entry}")
        for pid in worker.children:
            os.kill(pid, signal.SIGSEGV)

    rejected = service.wait_for_closing(poison["id"])
    assert rejected["data"]["error"] == "too_many_deliveries"
    assert rejected["data"]["tried"]["deliveries"] == 4
    (letter,) = service.dead_letters()
    assert poison["id"].encode() in letter[b"message"]
    good = make_event()
    service.send(good)
    service.wait_for_closing(good["id"])
    require_whole_once(service, [good])
