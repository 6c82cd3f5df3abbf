"""Result rows, printed for people and for programs."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from worker.cli.outputs.row_format import DatasetRows, IonFacts, RowFormat, describe_counts, make_row_table, print_rows
from worker.messages.results import Counts, ResultRow

OFF = ResultRow(
    annotation_id="a", status="classified", label="off", off_sample_probability=0.9876543, member_spread=0.0123456
)
UNCERTAIN = ResultRow(
    annotation_id="b",
    status="classified",
    label="on",
    off_sample_probability=0.45,
    member_spread=0.1,
    uncertain=True,
)
UNREADABLE = ResultRow(annotation_id='c,"\n', status="unreadable", reason="PNG is truncated; expected whole")
ROWS = [OFF, UNCERTAIN, UNREADABLE]
FACTS = IonFacts(426.9289, "C6H12O6", "+H", total_intensity=1234.5, maximum_intensity=9.5, nonzero_share=0.25)
DATASETS = [DatasetRows("bladder", "2026.11.1", ROWS, {"a": FACTS}, ["few_pixels"])]


def render(rows: list[ResultRow]) -> str:
    console = Console(width=200, file=io.StringIO(), force_terminal=False)
    console.print(make_row_table(rows))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(DATASETS, RowFormat.JSON)
    lines = capsys.readouterr().out.splitlines()
    found = [json.loads(line) for line in lines]
    assert {(line["dataset_id"], line["release"], *line["assessment"]) for line in found} == {
        ("bladder", "2026.11.1", "few_pixels")
    }
    assert [ResultRow.model_validate({name: line[name] for name in ResultRow.model_fields}) for line in found] == ROWS
    assert list(json.loads(lines[0]))[:5] == [
        "annotation_id",
        "status",
        "label",
        "off_sample_probability",
        "member_spread",
    ]


def test_csv_can_be_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(DATASETS, RowFormat.CSV)
    read = list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    assert [row["annotation_id"] for row in read] == ["a", "b", 'c,"\n']
    assert (float(read[0]["off_sample_probability"]), read[0]["label"]) == (0.9876543, "off")
    assert (read[0]["mz"], read[0]["formula"], read[0]["adduct"]) == ("426.9289", "C6H12O6", "+H")
    intensities = [read[0][name] for name in ("total_intensity", "maximum_intensity", "nonzero_share")]
    assert intensities == ["1234.5", "9.5", "0.25"]
    assert (read[1]["mz"], read[1]["total_intensity"]) == ("", "")
    assert {(row["dataset_id"], row["release"], row["assessment"]) for row in read} == {
        ("bladder", "2026.11.1", "few_pixels")
    }
    assert (read[2]["label"], read[2]["off_sample_probability"], read[2]["reason"]) == ("", "", UNREADABLE.reason)


def test_a_table_is_rounded() -> None:
    text = render(ROWS)
    assert "0.988" in text
    assert "classified, uncertain" in text
    assert "PNG is truncated" in text


@pytest.mark.parametrize("text", ["[red]a[/]", "[/]", r"\[/red]", "a\\", ":smile:", "[link=x]"])
def test_markup_in_foreign_text_is_shown_literally(text: str) -> None:
    row = ResultRow(annotation_id=text, status="unreadable", reason=text)
    assert render([row]).count(text) == 2


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Z"]), min_size=1, max_size=40))
def test_any_text_can_be_shown_in_a_table(text: str) -> None:
    assert "unreadable" in render([ResultRow(annotation_id=text, status="unreadable", reason=text)])


def test_counts_omit_what_is_zero() -> None:
    counts = Counts(annotations=1200, classified=1200, on=1000, off=200, uncertain=0, no_signal=0, unreadable=0)
    assert describe_counts(counts) == "1,200 ion images, 200 off-sample, 1,000 on-sample"
    counts = Counts(annotations=6, classified=3, on=2, off=1, uncertain=1, no_signal=1, unreadable=2)
    assert describe_counts(counts) == (
        "6 ion images, 1 off-sample, 2 on-sample, 1 of them uncertain, 1 without signal, 2 unreadable"
    )
