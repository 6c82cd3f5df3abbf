"""Durations, and the names of consumers."""

import os

import pytest
from typer import BadParameter

from worker.cli.operators.options import parse_duration
from worker.cli.outputs.durations import describe_bytes, describe_seconds
from worker.ledger.consumer import Consumer


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("90 s", 90), ("1.5h", 5400), ("30m", 1800), ("30 min", 1800), ("7D", 604_800)]
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "soon", "-1h", "1w", "1h30m", "h"])
def test_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(BadParameter):
        parse_duration(text)


def test_durations_and_sizes_are_shown_with_their_largest_unit() -> None:
    assert [describe_seconds(seconds) for seconds in (None, 0.5, 90, 5400, 200_000)] == [
        "-", "0.5 s", "1.5 min", "1.5 h", "2.3 d"
    ]  # fmt: skip
    assert [describe_bytes(count) for count in (10, 2048, 3 * 2**30)] == ["10 B", "2.0 KiB", "3.0 GiB"]


def test_the_name_of_a_consumer_says_which_process_of_which_worker_it_is() -> None:
    consumer = Consumer.of_this_process("team/a@host-1")
    found = Consumer.parse(str(consumer))
    assert found == consumer
    assert (found.worker, found.pid) == ("team/a@host-1", os.getpid())
    assert Consumer.of_this_process("team/a@host-1") != consumer


def test_the_name_that_an_earlier_version_chose_is_read_too() -> None:
    assert Consumer.parse("3f2a91d0c1b24e6f8a7b6c5d4e3f2a1b") == Consumer("", 0, "3f2a91d0c1b24e6f8a7b6c5d4e3f2a1b")
