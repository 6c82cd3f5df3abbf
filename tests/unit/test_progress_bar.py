"""The progress bar: silent without a terminal, and on one with the rate and the rest of every step."""

import io
import re
import time

import pytest
from rich.console import Console

from shared.progress import follow, from_first
from shared.progress_bar import describe_rate, make_progress_bar, show_progress, show_steps


@pytest.mark.parametrize(
    ("per_second", "text"),
    [
        (0.004, "250 s each"),
        (0.5, "2 s each"),
        (2.345, "2.35/s"),
        (1_234, "1,234/s"),
        (45_600, "45.6 k/s"),
        (2.5e6, "2.5 M/s"),
        (3e9, "3 G/s"),
    ],
)
def test_a_rate_is_a_few_characters(per_second: float, text: str) -> None:
    assert describe_rate(per_second) == text


@pytest.mark.parametrize("console", [Console(file=io.StringIO()), Console(file=io.StringIO(), quiet=True)])
def test_nothing_is_written_without_a_terminal_or_where_it_is_quiet(console: Console) -> None:
    with show_progress("brain", console) as on_progress:
        for done in range(3):
            on_progress("reading", done, 3)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == ""


def test_a_terminal_shows_step_rate_and_time_left() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100, color_system=None)
    until = time.monotonic() + 20
    line = re.compile(r"brain: reading .* 50% +[\d.,]+( k| M)?/s +\d+:\d\d:\d\d")
    with show_progress("brain", console) as on_progress:
        for done in (1, 2, 500):
            on_progress("reading", done, 1000)
        while line.search(shown.getvalue()) is None and time.monotonic() < until:
            time.sleep(0.01)
    assert line.search(shown.getvalue())


def test_every_step_has_a_rate_of_its_own() -> None:
    bar = make_progress_bar(Console(file=io.StringIO(), force_terminal=True))
    with show_steps(bar, "brain") as on_progress:
        for done in (10, 500, 900):
            on_progress("reading", done, 1000)
        (task,) = bar.tasks
        assert (task.description, task.completed, task.speed is None) == ("brain: reading", 900, False)
        on_progress("classifying", 5, 1000)
        assert (task.description, task.completed, task.speed) == ("brain: classifying", 5, None)
    assert bar.tasks == []


def test_what_is_followed_tells_how_many_are_done() -> None:
    told: list[tuple[str, int, int]] = []
    assert list(follow("ab", "letters", 2, lambda *call: told.append(call))) == ["a", "b"]
    assert told == [("letters", 0, 2), ("letters", 1, 2), ("letters", 2, 2)]


def test_nothing_is_told_before_the_first_is_done() -> None:
    told: list[tuple[str, int, int]] = []
    on_progress = from_first(lambda *call: told.append(call))
    on_progress("reading", 0, 2)
    on_progress("reading", 1, 2)
    assert told == [("reading", 1, 2)]
