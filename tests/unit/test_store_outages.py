"""Stores that do not respond, as one process knows them."""

from pathlib import PurePath
from typing import Any

import pytest

from shared.errors import NoRoomError, NotFoundError, TransientError
from worker.access.store_name import name_stores
from worker.messages.event import DatasetAnnotated
from worker.stores.outages import StoreOutages, choose_delay_seconds


def _fail(outages: StoreOutages, entry: str, error: Exception, store: str = "s3://bucket") -> None:
    with pytest.raises(type(error)), outages.watch(store, entry):
        raise error


def test_the_delay_doubles_up_to_fifteen_minutes() -> None:
    delays = [choose_delay_seconds(postponements, 15.0) for postponements in range(10)]
    for postponements, delay in enumerate(delays):
        longest = min(900.0, 15.0 * 2**postponements)
        assert 0.75 * longest <= delay <= longest
    assert choose_delay_seconds(10**6, 15.0) <= 900.0


def test_delays_differ_so_that_events_are_not_retried_all_at_the_same_time() -> None:
    assert len({choose_delay_seconds(3, 15.0) for _ in range(20)}) > 10


def test_a_store_is_away_when_two_different_events_in_a_row_failed_for_it() -> None:
    outages = StoreOutages(60.0)
    _fail(outages, "1", TransientError("away"))
    _fail(outages, "1", TransientError("away"))
    assert not outages.is_away("s3://bucket")

    _fail(outages, "2", TransientError("away"))

    assert outages.is_away("s3://bucket")
    assert not outages.is_away("s3://other")
    with pytest.raises(TransientError), outages.watch("s3://bucket", "3"):
        pytest.fail("the store was tried")


def test_a_store_that_responds_in_between_is_not_away() -> None:
    outages = StoreOutages(60.0)
    _fail(outages, "1", TransientError("away"))
    with outages.watch("s3://bucket", "2"):
        pass
    _fail(outages, "3", TransientError("away"))
    assert not outages.is_away("s3://bucket")


def test_a_store_that_says_what_is_not_there_responds() -> None:
    outages = StoreOutages(60.0)
    _fail(outages, "1", TransientError("away"))
    _fail(outages, "2", NotFoundError("nothing there"))
    _fail(outages, "3", TransientError("away"))
    assert not outages.is_away("s3://bucket")


def test_a_store_that_is_away_is_tried_again_after_a_while() -> None:
    outages = StoreOutages(0.0)
    for entry in "12":
        _fail(outages, entry, TransientError("away"))
    while outages.is_away("s3://bucket"):
        pass
    with outages.watch("s3://bucket", "3"):
        pass


@pytest.mark.parametrize("error", [NoRoomError("full"), NotFoundError("nothing there")])
def test_other_errors_are_not_attributed_to_the_store(error: Exception) -> None:
    outages = StoreOutages(60.0)
    for entry in "123":
        _fail(outages, entry, error)
    assert not outages.is_away("s3://bucket")


@pytest.mark.parametrize(
    ("ion_images", "annotations_uri", "expected"),
    [
        ({"kind": "png", "uri": "/data/a/b"}, None, "/data"),
        ({"kind": "png", "uri": "file:///data/deep/a"}, None, "/data/deep"),
        ({"kind": "array", "uri": "s3://Bucket-a/x.zarr"}, None, ""),
        ({"kind": "array", "uri": "s3://bucket/x.zarr"}, None, "s3://bucket"),
        ({"kind": "png", "uri": "https://host:8443/a"}, "/data/list.csv", "https://host:8443 /data"),
        ({"kind": "metaspace", "dataset_id": "x"}, None, "https://metaspace.example"),
        ({"kind": "png", "uri": "/elsewhere"}, None, ""),
    ],
)
def test_the_stores_of_an_event_have_a_name(
    ion_images: dict[str, Any], annotations_uri: str | None, expected: str
) -> None:
    data = DatasetAnnotated.model_validate(
        {"dataset_id": "a", "ion_images": ion_images, "annotations_uri": annotations_uri}
    )
    roots = (PurePath("/data"), PurePath("/data/deep"))
    assert name_stores(data, roots, "https://metaspace.example") == expected
