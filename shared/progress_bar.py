"""A progress bar where there is a terminal: what is done, how much of it, how fast, and how long the rest will take."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from shared.progress import ProgressCallback

_RATE_OVER_SECONDS = 600.0
"""A network may take minutes, and two are needed to know how fast it goes."""
_SUFFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_WRITTEN_OUT = 10_000.0


class RateColumn(ProgressColumn):
    """How many are done in a second; or, of slow ones, how long each takes."""

    def render(self, task: Task) -> Text:
        """Empty until there is something to measure."""
        speed = task.finished_speed or task.speed
        return Text("" if not speed else describe_rate(speed), style="progress.data.speed")


def describe_rate(per_second: float) -> str:
    """A rate in a few characters."""
    if per_second < 1:
        return f"{1 / per_second:.3g} s each"
    if per_second < _WRITTEN_OUT:
        return f"{per_second:.3g}/s" if per_second < 1_000 else f"{per_second:,.0f}/s"
    factor, suffix = next(one for one in _SUFFIXES if per_second >= one[0])
    return f"{per_second / factor:.3g} {suffix}/s"


def make_progress_bar(console: Console) -> Progress:
    """A bar that vanishes at its end; none where the console is quiet or no terminal."""
    time_left = TimeRemainingColumn()
    time_left.max_refresh = 0.0  # else the time of the step before would stay for a while
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        RateColumn(),
        time_left,
        console=console,
        transient=True,
        speed_estimate_period=_RATE_OVER_SECONDS,
        disable=console.quiet or not console.is_terminal,
    )


@contextmanager
def show_progress(name: str = "", console: Console | None = None) -> Iterator[ProgressCallback]:
    """A bar for the steps of one piece of work, on stderr unless a console is given.

    Parameters
    ----------
    name
        What is worked on, before the name of each step.
    """
    with (
        make_progress_bar(console or Console(stderr=True, highlight=False)) as bar,
        show_steps(bar, name) as on_progress,
    ):
        yield on_progress


@contextmanager
def show_steps(bar: Progress, name: str = "") -> Iterator[ProgressCallback]:
    """A line of the bar that shows one step after the other, each with a rate of its own, until it is done."""
    task = bar.add_task(name, total=None, visible=bool(name))
    current = ""

    def on_progress(what: str, done: int, total: int) -> None:
        nonlocal current
        if what != current:
            current = what
            bar.reset(task, description=f"{name}: {what}" if name else what, total=total)
        bar.update(task, total=total, completed=done, visible=done < total)

    try:
        yield on_progress
    finally:
        bar.remove_task(task)
