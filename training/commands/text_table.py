"""A text table on the terminal."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from training.cross_validation.tables import TextTable


def print_table(table: "TextTable", console: Console) -> None:
    """Print headings and cells; marked rows in bold."""
    shown = Table(title=Text(table.title), title_justify="left")
    for number, heading in enumerate(table.headings):
        shown.add_column(Text(heading), justify="right" if number else "left", overflow="fold")
    for index, row in enumerate(table.rows):
        shown.add_row(*(Text(cell) for cell in row), style="bold" if index in table.marked else None)
    console.print(shown)
