"""Lists of annotations in files of their own."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidAnnotationsError, NotFoundError, TooLargeError
from shared.messages.event import Annotation
from worker.annotations import read_annotations

MOST_BYTES = 100_000


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_json_and_csv_say_the_same(tmp_path: Path) -> None:
    expected = [
        Annotation(annotation_id="a", mz=500.25, formula="C6H12O6", adduct="+H", image="a b.png"),
        Annotation(annotation_id="b", mz=501.0),
    ]
    as_json = write(tmp_path, "list.json", json.dumps([one.model_dump() for one in expected]))
    as_csv = write(
        tmp_path, "LIST.CSV", "annotation_id,mz,formula,adduct,image\na,500.25,C6H12O6,+H,a b.png\nb,501,,,\n"
    )
    assert read_annotations(as_json, MOST_BYTES) == expected
    assert read_annotations(as_csv, MOST_BYTES) == expected


def test_csv_may_come_from_a_spreadsheet(tmp_path: Path) -> None:
    path = write(tmp_path, "list.csv", b'\xef\xbb\xbfannotation_id,mz\r\n"a ""1""",5\r\n')
    assert read_annotations(path, MOST_BYTES) == [Annotation(annotation_id='a "1"', mz=5)]


BAD: dict[str, tuple[str, str | bytes]] = {
    "no json": ("list.json", "hello"),
    "json object": ("list.json", '{"annotation_id": "a"}'),
    "json of an unknown field": ("list.json", '[{"annotation_id": "a", "colour": "red"}]'),
    "json with m/z as text": ("list.json", '[{"annotation_id": "a", "mz": "5"}]'),
    "json with NaN": ("list.json", '[{"annotation_id": "a", "mz": NaN}]'),
    "json not UTF-8": ("list.json", b'[{"annotation_id": "\xff"}]'),
    "csv without ids": ("list.csv", "mz\n5\n"),
    "csv of an unknown column": ("list.csv", "annotation_id,colour\na,red\n"),
    "csv with m/z as text": ("list.csv", "annotation_id,mz\na,heavy\n"),
    "csv with NaN": ("list.csv", "annotation_id,mz\na,nan\n"),
    "csv with an infinite m/z": ("list.csv", "annotation_id,mz\na,inf\n"),
    "csv with too many cells": ("list.csv", "annotation_id,mz\na,5,6,7\n"),
    "csv not UTF-8": ("list.csv", b"annotation_id\n\xff\n"),
    "csv with zeros": ("list.csv", b"annotation_id\na\0b\n" + b"\0" * 200_0),
    "csv of one endless cell": ("list.csv", 'annotation_id\n"' + "a" * 60_000),
}


@pytest.mark.parametrize(("name", "content"), BAD.values(), ids=BAD)
def test_a_bad_list_is_an_error_that_names_the_file(tmp_path: Path, name: str, content: str | bytes) -> None:
    with pytest.raises(InvalidAnnotationsError, match=name):
        read_annotations(write(tmp_path, name, content), MOST_BYTES)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("annotation_id,mz\na,5\nb,heavy\n", r"line 3 of list\.csv has the mz 'heavy'; right would be a number"),
        ("annotation_id,charge\na,+\n", r"line 2 of list\.csv has the charge '\+'; right would be a number"),
        ("annotation_id,m/z\na,5\n", r"has a column 'm/z'; right would be annotation_id and any of mz, formula"),
        ("mz\n5\n", r"has no column annotation_id; right would be"),
    ],
)
def test_what_is_wrong_in_a_list_is_named(tmp_path: Path, content: str, sentence: str) -> None:
    with pytest.raises(InvalidAnnotationsError, match=sentence):
        read_annotations(write(tmp_path, "list.csv", content), MOST_BYTES)


@given(st.sampled_from(["list.csv", "list.json"]), st.binary(max_size=200) | st.text(max_size=200))
def test_any_content_is_a_list_or_an_error(tmp_path: Path, name: str, content: str | bytes) -> None:
    try:
        found = read_annotations(
            write(tmp_path, name, content.encode(errors="replace") if isinstance(content, str) else content), MOST_BYTES
        )
    except InvalidAnnotationsError:
        return
    assert all(one.annotation_id for one in found)


def test_a_list_above_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match=r"size of 'list\.csv' in bytes"):
        read_annotations(write(tmp_path, "list.csv", "annotation_id\na\n"), 5)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"'list\.csv' cannot be read"):
        read_annotations(tmp_path / "list.csv", MOST_BYTES)
