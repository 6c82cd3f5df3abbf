"""A worker on TensorFlow gives the same results as one on ONNX Runtime."""

import pytest
from live_service import LiveService, make_event


def test_tensorflow_opened_after_the_fork_classifies_as_onnx_does(service: LiveService) -> None:
    first, second = make_event(), make_event()
    worker = service.start_worker(engine="tensorflow")
    service.send(first)
    closing = service.wait_for_closing(first["id"])
    assert worker.stop() == 0
    service.start_worker(engine="onnx")
    service.send(second)
    service.wait_for_closing(second["id"])

    assert closing["data"]["engine"] == "tensorflow"
    tensorflow, onnx = (service.answers(event["id"])[0]["data"]["rows"] for event in (first, second))
    for ours, theirs in zip(tensorflow, onnx, strict=True):
        assert ours["annotation_id"] == theirs["annotation_id"]
        assert ours["off_sample_probability"] == pytest.approx(theirs["off_sample_probability"], abs=1e-5)
