"""Lists of annotations in separate files."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from shared.errors import InvalidAnnotationsError, NotFoundError, TooLargeError
from shared.limits import Limits
from worker.events.annotations import read_annotations
from worker.messages.event import Annotation

LIMITS = Limits(event_bytes=100_000, event_ions=1000)


def read_list(path: Path, limits: Limits) -> Sequence[Annotation]:
    return read_annotations(path, limits).annotations


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_json_and_csv_are_equivalent(tmp_path: Path) -> None:
    expected = [
        Annotation(annotation_id="a", mz=500.25, formula="C6H12O6", adduct="+H", image="a b.png"),
        Annotation(annotation_id="b", mz=501.0),
    ]
    as_json = write(tmp_path, "list.json", json.dumps([one.model_dump() for one in expected]))
    as_csv = write(
        tmp_path, "LIST.CSV", "annotation_id,mz,formula,adduct,image\na,500.25,C6H12O6,+H,a b.png\nb,501,,,\n"
    )
    assert read_list(as_json, LIMITS) == expected
    assert read_list(as_csv, LIMITS) == expected


def test_csv_can_come_from_a_spreadsheet(tmp_path: Path) -> None:
    path = write(tmp_path, "list.csv", b'\xef\xbb\xbfannotation_id,mz\r\n"a ""1""",5\r\n')
    assert read_list(path, LIMITS) == [Annotation(annotation_id='a "1"', mz=5)]


EMPTY_ARCHIVE = b"PK\x05\x06" + 18 * b"\0"

BAD: dict[str, tuple[str, str | bytes]] = {
    "no json": ("list.json", "hello"),
    "json object": ("list.json", '{"annotation_id": "a"}'),
    "json of an unknown field": ("list.json", '[{"annotation_id": "a", "colour": "red"}]'),
    "json with m/z as text": ("list.json", '[{"annotation_id": "a", "mz": "5"}]'),
    "json with NaN": ("list.json", '[{"annotation_id": "a", "mz": NaN}]'),
    "json not UTF-8": ("list.json", b'[{"annotation_id": "\xff"}]'),
    "csv without a known column": ("list.csv", "colour\nred\n"),
    "csv of a row without id, m/z and formula": ("list.csv", "mz,adduct\n,+H\n"),
    "text as a workbook": ("list.xlsx", "mz\n5\n"),
    "an archive as a workbook": ("list.xlsx", EMPTY_ARCHIVE),
    "csv of a misspelt column": ("list.csv", "annotation_id,adducts\na,+H\n"),
    "csv with a column twice": ("list.csv", "annotation_id,mz,mz\na,5,6\n"),
    "csv of nothing": ("list.csv", ""),
    "csv of comments": ("list.csv", "# a\n# b\n"),
    "csv with a decimal comma": ("list.csv", 'annotation_id,mz\na,"5,5"\n'),
    "csv with a comma for thousands": ("list.csv", "annotation_id;mz\na;1.234,5\n"),
    "csv with a modification and no m/z": ("list.csv", "ion,formula,adduct,chemMod\na,C,M+H,-H2O+C\n"),
    "csv in windows-1252": ("list.csv", "annotation_id\nGerät\n".encode("cp1252")),
    "csv in utf-16 without a mark": ("list.csv", "annotation_id\na\n".encode("utf-16-le")),
    "text of prose": ("list.txt", "hello"),
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
        read_list(write(tmp_path, name, content), LIMITS)


@pytest.mark.parametrize(
    ("content", "nouns"),
    [
        ("annotation_id,mz\na,5\nb,heavy\n", ("line 3", "mz", "heavy")),
        ("annotation_id,charge\na,+\n", ("line 2", "charge")),
        ("annotation_id,formulas\na,C\n", ("formulas", "'formula'")),
        ("colour\nred\n", ("annotation_id", "m/z")),
        ("annotation_id|mz\na|5\n", ("annotation_id|mz", "separat")),
        ("annotation_id,mz\na,5,6,7\n", ("line 2", "cells")),
        ("annotation_id,mz\n,5\n", ("line 2", "annotation_id")),
        ("a;b\n".encode("cp1252") + b"\xff", ("UTF-8", "encoding")),
    ],
)
def test_the_error_names_the_mistake_in_a_list(tmp_path: Path, content: str | bytes, nouns: Sequence[str]) -> None:
    with pytest.raises(InvalidAnnotationsError) as refusal:
        read_list(write(tmp_path, "list.csv", content), LIMITS)
    assert all(noun in str(refusal.value) for noun in nouns)


METASPACE = (
    "# Generated at 7/24/2024 3:15:02 PM. For help see https://bit.ly/3Bzs6Z4\n"
    "# URL: https://metaspace2020.eu/annotations?db_id=22&fdr=0.1\n"
    '"group","datasetName","datasetId","formula","adduct","chemMod","neutralLoss","ion","mz","msm","fdr","offSample"\n'
    '"","mouse, ""A""","2016-09-21","C6H12O6","M+K","","","C6H12O6+K+","219.0265","0.98","0.05","false"\n'
    '"","mouse, ""A""","2016-09-21","C16H32O2","M-H","","-H2O","C16H32O2-H2O-H-","237.2224","0.9","0.05","true"\n'
)
OF_METASPACE = [
    Annotation(annotation_id="C6H12O6+K+", mz=219.0265, formula="C6H12O6", adduct="M+K"),
    Annotation(annotation_id="C16H32O2-H2O-H-", mz=237.2224, formula="C16H32O2", adduct="M-H"),
]
_EMPTY_ROWS = ",,,,,,,,,,,\n" * 3


@pytest.mark.parametrize(
    "text",
    [
        METASPACE,
        METASPACE.split("\n", 2)[2] + _EMPTY_ROWS,
        METASPACE.replace("7/24/2024 3:15:02 PM", "x,y").replace("# Gen", '"# Gen').replace("3Bzs6Z4\n", 'Z4",,,\n')
        + _EMPTY_ROWS,
        "\n" + METASPACE.replace("\n", "\r\n"),
    ],
    ids=["as it is", "without comments, with empty rows", "comments through a spreadsheet", "of Windows"],
)
def test_an_export_of_metaspace_is_a_list(tmp_path: Path, text: str) -> None:
    assert read_list(write(tmp_path, "annotations.csv", text), LIMITS) == OF_METASPACE


PLAIN = "annotation_id,mz\na,500.25\nb,501\n"
GERMAN = "annotation_id;mz\na;500,25\nb;501\n"
TABS = PLAIN.replace(",", "\t")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.csv", GERMAN),
        ("list.csv", "sep=;\r\n" + GERMAN.replace("\n", "\r\n") + ";\r\n;\r\n"),
        ("list.tsv", TABS),
        ("list.txt", TABS.replace(".", ",")),
        ("list.csv", TABS),
        ("list.csv", PLAIN.encode("utf-16")),
        ("list.txt", b"\xfe\xff" + TABS.encode("utf-16-be")),
        ("list.csv", GERMAN.encode("utf-8-sig")),
        ("list.csv", PLAIN.replace("annotation_id,mz", " Annotation_ID , m/z ,colour, ").replace("25", "25,red,")),
        ("list.csv", "group,Name,m/z\nx,a,500.25\nx,b,501\n"),
        ("list.json", '[{"annotation_id": "a", "mz": 500.25}, {"annotation_id": "b", "mz": 501}]'.encode("utf-16")),
    ],
)
def test_a_list_is_read_in_every_form_that_spreadsheets_save(tmp_path: Path, name: str, content: str | bytes) -> None:
    found = read_list(write(tmp_path, name, content), LIMITS)
    assert found == [Annotation(annotation_id="a", mz=500.25), Annotation(annotation_id="b", mz=501)]


def test_rows_without_ids_get_them_from_mz_or_formula(tmp_path: Path) -> None:
    path = write(tmp_path, "list.tsv", "m/z\tFormula\tAdduct\n500.25\t\t\n\tC6H12O6\t+H\n")
    assert [one.annotation_id for one in read_list(path, LIMITS)] == ["mz_500.2500", "C6H12O6+H"]


SCILS = """\
# Exported with SCiLS Lab
# Generation time: 2026-11-01
m/z;Interval Width (+/- Da);Color;Name
500,25;0,01;#ff0000;
501.5;0.01;#00ff00;lipid
502.5;0.01;#0000ff;lipid
"""


def test_a_feature_list_of_scils_is_a_list(tmp_path: Path) -> None:
    found = read_list(write(tmp_path, "features.csv", SCILS), LIMITS)
    assert [(one.annotation_id, one.mz) for one in found] == [
        ("mz_500.2500", 500.25),
        ("lipid 501.5000", 501.5),
        ("lipid 502.5000", 502.5),
    ]


def test_the_first_sheet_of_a_workbook_is_a_list(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in (
        ["Lipids of today"],
        [],
        ["Name", "m/z", "Remark", "charge"],
        ["a", 500.25, "x", 1],
        [None, 501, None, None],
    ):
        sheet.append(row)
    workbook.create_sheet("other").append(["nothing"])
    workbook.save(tmp_path / "ions.xlsx")
    found = read_list(tmp_path / "ions.xlsx", LIMITS)
    assert [(one.annotation_id, one.mz, one.charge) for one in found] == [
        ("a", 500.25, 1),
        ("mz_501.0000", 501.0, None),
    ]


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("ions.csv", PLAIN, None),
        ("ions.csv", "group;Name;m/z;\nx;a;500.25;\n", "'group'"),
        ("ions.csv", "annotation_id,mz,col\u2028our\na,5,red\n", r"'col\u2028our'"),
        ("metaspace.csv", METASPACE, "'group', 'datasetName', 'datasetId', 'msm', 'fdr', 'offSample'"),
        ("many.csv", "mz,a,b,c,d,e,f,g,h\n5,,,,,,,,\n", "'a', 'b', 'c', 'd', 'e', 'f' and 2 more"),
        ("list.json", '[{"annotation_id": "a"}]', None),
    ],
)
def test_columns_that_are_not_understood_are_left_out_with_a_note(
    tmp_path: Path, name: str, content: str, named: str | None
) -> None:
    notes = read_annotations(write(tmp_path, name, content), LIMITS).notes
    sentence = f"{name!r} has columns that are not understood and were left out: {named}"
    assert notes == (() if named is None else (sentence,))


def test_a_unicode_line_separator_does_not_end_a_row(tmp_path: Path) -> None:
    (found,) = read_list(write(tmp_path, "list.csv", 'annotation_id,image\n"a\u2028b",c\n'), LIMITS)
    assert (found.annotation_id, found.image) == ("a\u2028b", "c")


@pytest.mark.parametrize(
    ("name", "content"),
    [("list.csv", "annotation_id\n" + "a\n" * 1001), ("list.json", "[" + "1," * 1_000_001 + "1]")],
)
def test_a_list_of_too_many_annotations_is_rejected_before_it_takes_memory(
    tmp_path: Path, name: str, content: str
) -> None:
    with pytest.raises(TooLargeError):
        read_list(write(tmp_path, name, content), replace(LIMITS, event_bytes=2**22))


@given(st.sampled_from(["list.csv", "list.json", "list.txt"]), st.binary(max_size=200) | st.text(max_size=200))
def test_any_content_is_a_list_or_an_error(tmp_path: Path, name: str, content: str | bytes) -> None:
    try:
        found = read_list(
            write(tmp_path, name, content.encode(errors="replace") if isinstance(content, str) else content), LIMITS
        )
    except (InvalidAnnotationsError, TooLargeError):
        return
    assert all(one.annotation_id for one in found)


def test_a_list_above_the_size_limit_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match=r"list\.csv"):
        read_list(write(tmp_path, "list.csv", "annotation_id\na\n"), Limits(event_bytes=5))


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"list\.csv"):
        read_list(tmp_path / "list.csv", LIMITS)


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "ions.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _ in range(65):
            sheet.write(bytes(2**20))
    with pytest.raises(InvalidAnnotationsError, match="67,108,864"):
        read_list(path, LIMITS)
