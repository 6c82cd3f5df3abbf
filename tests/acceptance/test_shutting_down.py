"""SIGTERM: finish what runs, leave the rest to others."""

import time

from live_service import LiveService, make_event, require_whole_once, wait_until


def test_sigterm_under_load_finishes_the_running_event_and_leaves_the_rest(service: LiveService) -> None:
    """No attempt is counted, nothing is lost, and the exit code is 0."""
    events = [make_event(ions=1500) for _ in range(4)]
    first = service.start_worker()
    entries = [service.send(event) for event in events]
    wait_until(lambda: service.is_running(entries[0]), "the first event runs")

    assert first.stop() == 0

    assert service.answers(events[0]["id"])
    assert service.pending() == 0
    assert not service.answers(events[-1]["id"])
    second = service.start_worker()
    for event in events:
        service.wait_for_closing(event["id"])
    require_whole_once(service, events)
    assert {line["deliveries"] for line in second.logged("dataset_classified")} == {1}


def test_a_drain_cut_short_releases_the_event_immediately(service: LiveService) -> None:
    """The next worker claims it without waiting for a lease, and the attempt is not counted."""
    service.settings["OFFSAMPLE_LEASE_SECONDS"] = "60"
    event = make_event(ions=20_000)
    first = service.start_worker(drain_seconds=0.5)
    entry = service.send(event)
    wait_until(lambda: service.is_running(entry), "the event runs")

    started = time.monotonic()
    first.stop()
    assert time.monotonic() - started < 20
    assert first.logged("event_released")

    second = service.start_worker(event_timeout_seconds=1)
    rejected = service.wait_for_closing(event["id"], timeout_seconds=20)
    assert rejected["data"]["error"] == "deadline_exceeded"
    assert rejected["data"]["tried"]["deliveries"] == 1
    assert second.process.poll() is None
