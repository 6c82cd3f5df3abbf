"""kill -9 at the worst moments: each result set arrives once and whole."""

import os
import signal
import time

from live_service import LiveService, make_event, require_whole_once, wait_until


def test_a_killed_worker_loses_and_doubles_nothing(service: LiveService) -> None:
    """Its event is run again by another worker when the lease has passed."""
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


def test_a_killed_pool_child_loses_and_doubles_nothing(service: LiveService) -> None:
    """Celery replaces the child; the lease brings the event back."""
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


def test_a_killed_server_loses_and_doubles_nothing(service: LiveService) -> None:
    """What was acknowledged is on its disk; workers wait for it and go on."""
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


def test_an_event_longer_than_its_lease_runs_once(service: LiveService) -> None:
    """The heartbeat keeps the lease while a second worker looks for work."""
    event = make_event(ions=6000)
    service.start_worker(lease_seconds=1)
    service.start_worker(lease_seconds=1)

    started = time.monotonic()
    service.send(event)
    closing = service.wait_for_closing(event["id"])

    assert time.monotonic() - started > 1.5, "the event was too short to prove anything"
    assert closing["type"] == "offsample.dataset.classified.v1"
    require_whole_once(service, [event])
    runs = [line for worker in service.workers for line in worker.logged("dataset_classified")]
    assert [line["deliveries"] for line in runs] == [1]


def test_a_backlog_longer_than_the_lease_dead_letters_nothing(service: LiveService) -> None:
    """Waiting costs an event nothing: its lease begins when it is claimed."""
    events = [make_event(ions=500) for _ in range(12)]
    for event in events:
        service.send(event)

    service.start_worker(lease_seconds=1, max_deliveries=1)
    for event in events:
        service.wait_for_closing(event["id"])

    require_whole_once(service, events)
    assert not service.dead_letters()
    queued = [
        message["data"]["timings"]["queued_seconds"] for message in service.results() if "counts" in message["data"]
    ]
    assert max(queued) > 1


def test_a_zombie_is_fenced(service: LiveService) -> None:
    """A child stopped past its lease wakes up to find its event another worker's."""
    event = make_event(ions=1500)
    zombie = service.start_worker()
    entry = service.send(event)
    wait_until(lambda: service.is_running(entry), "the event runs")
    zombie.signal_children(signal.SIGSTOP)

    service.start_worker()
    service.wait_for_closing(event["id"])
    zombie.signal_children(signal.SIGCONT)

    wait_until(lambda: zombie.logged("event_fenced"), "the zombie notices")
    require_whole_once(service, [event])
    after = make_event()
    service.send(after)
    service.wait_for_closing(after["id"])


def test_a_poison_event_is_dead_lettered_and_the_worker_lives_on(service: LiveService) -> None:
    """An event whose child always dies is put aside after the limit; nothing else suffers."""
    poison = make_event(ions=20_000)
    worker = service.start_worker(lease_seconds=1, max_deliveries=3)
    entry = service.send(poison)

    for _ in range(3):
        wait_until(lambda: service.is_running(entry), "the poison runs")
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
