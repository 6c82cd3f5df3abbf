"""A progress bar on stderr, where that is a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from shared.imzml.progress import ProgressCallback


def make_progress_bar(console: Console) -> Progress:
    """A bar that vanishes at its end."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=console.quiet or not console.is_terminal)


@contextmanager
def show_progress(name: str) -> Iterator[ProgressCallback]:
    """A bar for the steps of work on one dataset."""
    with make_progress_bar(Console(stderr=True, highlight=False)) as bar:
        task = bar.add_task(name, total=None)

        def on_work(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{name}: {what}", completed=done, total=total)

        yield on_work
