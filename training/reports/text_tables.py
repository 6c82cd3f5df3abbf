"""Text tables for the terminal and for HTML pages."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True)
class TextTable:
    """Headings and cells; the first column is a name, the others are numbers."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()
    """Rows to emphasise."""


def print_table(table: TextTable, console: Console) -> None:
    """Print a table to a terminal."""
    shown = Table(title=Text(table.title), title_justify="left")
    for number, heading in enumerate(table.headings):
        shown.add_column(Text(heading), justify="right" if number else "left", overflow="fold")
    for index, row in enumerate(table.rows):
        shown.add_row(*(Text(cell) for cell in row), style="bold" if index in table.marked else None)
    console.print(shown)
