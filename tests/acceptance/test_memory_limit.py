"""An event that needs more memory than a pool child may use is rejected, and the child survives."""

import numpy as np
import pytest
from live_service import LiveService, make_event, wait_until

from shared.ion_image import make_ion_image
from shared.png.image import encode_png

MEBIBYTE = 2**20


@pytest.mark.parametrize("concurrency", [1, 2])
def test_an_event_that_needs_too_much_memory_is_rejected_at_its_first_attempt(
    service: LiveService, concurrency: int
) -> None:
    folder = service.folder / "large"
    folder.mkdir()
    page = encode_png(make_ion_image(np.eye(4000, dtype=np.float32)))
    for number in range(8):
        (folder / f"{number}.png").write_bytes(page)
    worker = service.start_worker(max_memory_bytes=400 * MEBIBYTE, concurrency=concurrency)
    wait_until(lambda: len(worker.children) == concurrency, "all children are forked")
    children = worker.children

    hungry = make_event(ion_images={"kind": "png", "uri": str(folder)})
    service.send(hungry)
    rejected = service.wait_for_closing(hungry["id"])

    assert rejected["data"]["error"] == "too_large"
    assert "memory" in rejected["data"]["message"]
    assert rejected["data"]["tried"]["deliveries"] == 1
    modest = make_event()
    service.send(modest)
    assert service.wait_for_closing(modest["id"])["type"] == "offsample.dataset.classified.v1"
    assert worker.children == children
