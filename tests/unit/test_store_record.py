"""One image's trouble and the store's are told apart."""

import pytest

from shared.errors import StoreBusyError, TransientError
from shared.ion_image import IonImage, make_ion_image
from worker.sources.store_record import StoreRecord

GOOD = make_ion_image([[0.0, 1.0]])


def fail_while_others_are_answered(record: StoreRecord, error: TransientError) -> IonImage:
    record.try_image("other", lambda: GOOD)
    raise error


def test_an_image_that_fails_while_others_are_answered_is_a_row() -> None:
    record = StoreRecord(2)
    found = record.try_image("bad", lambda: fail_while_others_are_answered(record, TransientError("away")))
    assert found.ion_image is None
    assert "answers for other images" in str(found.reason)


def test_an_image_that_fails_when_no_other_was_answered_is_the_stores_trouble() -> None:
    record = StoreRecord(2)
    record.try_image("before", lambda: GOOD)

    def fail() -> IonImage:
        raise TransientError("away")

    with pytest.raises(TransientError):
        record.try_image("bad", fail)


def test_a_store_that_asks_for_fewer_requests_is_never_taken_for_a_broken_image() -> None:
    """Its other answers say nothing: it serves some, and this one later."""
    record = StoreRecord(2)
    with pytest.raises(StoreBusyError):
        record.try_image("bad", lambda: fail_while_others_are_answered(record, StoreBusyError("429")))
