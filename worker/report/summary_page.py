"""The summary of several dataset reports: one HTML file with a line and a link for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final
from urllib.parse import quote

from worker.classification.assessment import SENTENCES
from worker.messages.results import Assessment, Counts
from worker.report.page_file import load_template, name_hash, read_style, write_page

_COUNTED: Final = ("annotations", "off", "on", "uncertain", "no_signal", "unreadable")


@dataclass(frozen=True)
class SummaryLine:
    """One dataset: its page, or why it has none."""

    dataset_id: str
    page: Path | None = None
    counts: Counts | None = None
    assessment: Sequence[Assessment] = ()
    conclusion: str = ""
    """Of a classified dataset in a sentence without full stop; else why it could not be classified."""


def write_summary(path: Path, lines: Sequence[SummaryLine], release: str) -> None:
    """Write the page; links are relative, so the folder can be moved.

    Raises
    ------
    InvalidInputError
        When `path` cannot be written.
    """
    style = read_style()
    chunks = load_template("summary.html.j2").generate(
        entries=[_describe(line) for line in lines],
        classified=sum(line.counts is not None for line in lines),
        columns=[name.replace("_", " ") for name in ("ion images", *_COUNTED[1:])],
        style=style,
        style_hash=name_hash(style),
        program_version=version("offsample"),
        release=release,
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )
    write_page(path, chunks)


def _describe(line: SummaryLine) -> dict[str, object]:
    counts = line.counts
    return {
        "dataset_id": line.dataset_id,
        "href": None if line.page is None else quote(line.page.name),
        "conclusion": line.conclusion if counts is not None else f"not classified: {line.conclusion}",
        "cautions": [SENTENCES[code] for code in line.assessment],
        "numbers": ["" if counts is None else f"{getattr(counts, name):,}" for name in _COUNTED],
    }
