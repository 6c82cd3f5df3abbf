"""Over many events a worker leaks no descriptors; it marks datasets with unreliable labels."""

import os

import numpy as np
from live_service import LiveService, LiveWorker, make_event, wait_until
from live_stores import http_files
from store_fetching import PNG

_EVENTS = 60


def count_descriptors(worker: LiveWorker) -> int:
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in worker.children)  # noqa: PTH208 - counted, not read


def test_sixty_events_of_a_store_leave_no_descriptor_open(service: LiveService) -> None:
    with http_files({"/ds/a.png": PNG}) as served:
        worker = service.start_worker(concurrency=1, allowed_stores=served.url, allowed_networks="127.0.0.0/8")
        images = {"kind": "png", "uri": f"{served.url}/ds"}

        def run(number: int) -> None:
            events = [make_event(ion_images=images, annotations=[{"annotation_id": "a"}]) for _ in range(number)]
            for event in events:
                service.send(event)
            for event in events:
                closing = service.wait_for_closing(event["id"])
                assert closing["data"]["counts"]["classified"] == 1, closing

        run(3)  # opens what a child keeps open
        before = count_descriptors(worker)
        run(_EVENTS)
        wait_until(lambda: count_descriptors(worker) <= before + 3, "descriptors are closed", 20)


def test_an_event_outside_the_models_domain_is_marked_in_its_closing_message_and_in_the_log(
    service: LiveService,
) -> None:
    worker = service.start_worker(concurrency=1)
    acquired = np.zeros((60, 60), bool)
    acquired[0, :30] = True
    np.savez(service.folder / "odd.npz", images=np.random.default_rng(0).random((3, 60, 60)), acquired=acquired)
    odd, usual = make_event(ion_images={"kind": "array", "uri": str(service.folder / "odd.npz")}), make_event()
    for event in (odd, usual):
        service.send(event)
    expected = ["no_background", "little_acquired", "few_pixels"]
    assert service.wait_for_closing(odd["id"])["data"]["assessment"] == expected
    assert service.wait_for_closing(usual["id"])["data"]["assessment"] == []
    lines = {line["event_id"]: line for line in wait_until(lambda: _two(worker), "both are logged")}
    assert lines[odd["id"]]["assessment"] == expected
    assert "assessment" not in lines[usual["id"]]


def _two(worker: LiveWorker) -> list[dict[str, object]]:
    found = worker.logged("dataset_classified")
    return found if len(found) == 2 else []
