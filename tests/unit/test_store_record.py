"""Failures of a single image are distinguished from failures of its store."""

import pytest

from shared.errors import StoreBusyError, TransientError
from shared.ion_image import IonImage, make_ion_image
from worker.sources.store_record import StoreRecord

GOOD = make_ion_image([[0.0, 1.0]])


def fail_while_others_are_read(record: StoreRecord, error: TransientError) -> IonImage:
    record.try_image("other", lambda: GOOD)
    raise error


def test_an_image_that_fails_while_others_are_read_is_a_row() -> None:
    record = StoreRecord(2)
    found = record.try_image("bad", lambda: fail_while_others_are_read(record, TransientError("away")))
    assert found.ion_image is None
    assert "other images" in str(found.reason)


def test_an_image_that_fails_when_no_other_was_read_is_a_failure_of_the_store() -> None:
    record = StoreRecord(2)
    record.try_image("before", lambda: GOOD)

    def fail() -> IonImage:
        raise TransientError("away")

    with pytest.raises(TransientError):
        record.try_image("bad", fail)


def test_a_request_for_fewer_requests_is_never_taken_for_a_broken_image() -> None:
    """Even if the store returns other images: it will return this one later."""
    record = StoreRecord(2)
    with pytest.raises(StoreBusyError):
        record.try_image("bad", lambda: fail_while_others_are_read(record, StoreBusyError("429")))
