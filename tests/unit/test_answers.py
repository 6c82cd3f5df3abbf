"""How a repeat of an event is distinguished from another event."""

import json
from typing import Any

from worker.events.answers import digest_event
from worker.messages.event import DATASET_ANNOTATED, DatasetAnnotated, DatasetAnnotatedEvent, parse_event


class LaterDatasetAnnotated(DatasetAnnotated):
    """The data of the event in a later version."""

    new_option: int = 3


def _event(**data: Any) -> DatasetAnnotatedEvent:
    content = {"dataset_id": "a", "ion_images": {"kind": "png", "uri": "/a"}} | data
    envelope = {"specversion": "1.0", "id": "1", "source": "/x", "type": DATASET_ANNOTATED}
    return parse_event(json.dumps(envelope | {"data": content}))


def test_a_field_of_a_later_version_does_not_change_the_digest() -> None:
    event = _event(threshold=0.4)
    sent = event.data.model_dump(exclude_unset=True)
    later = event.model_copy(update={"data": LaterDatasetAnnotated.model_validate(sent)})
    assert later.data.model_dump()["new_option"] == 3

    assert digest_event(later) == digest_event(event)


def test_different_data_have_different_digests() -> None:
    digests = {digest_event(event) for event in (_event(), _event(threshold=0.5), _event(dataset_id="b"))}
    assert len(digests) == 3


def test_the_digest_does_not_depend_on_the_order_of_fields() -> None:
    one = {"kind": "imzml", "uri": "/a", "ppm": 5.0}
    assert digest_event(_event(ion_images=one)) == digest_event(_event(ion_images=dict(reversed(one.items()))))
