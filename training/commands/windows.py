"""`python -m training windows`."""

import sys
from dataclasses import astuple, fields
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.errors import InvalidInputError
from shared.progress import follow
from shared.progress_bar import show_progress


def windows(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="Folders with regions.npz or sample_mask.png, or names in training/data/acquisitions (default: all)."
        ),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Windows to draw.")] = 200,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    without: Annotated[list[str] | None, typer.Option(help="Series to leave out; may be repeated.")] = None,
    output: Annotated[Path, typer.Option(help="PNG of the gallery.")] = Path("runs/windows.png"),
) -> None:
    """Cut windows out of real acquisitions, draw a gallery of them and count them."""
    from training.acquisitions.inputs import open_inputs  # noqa: PLC0415 - --help needs none of it
    from training.acquisitions.series import load_acquisitions  # noqa: PLC0415
    from training.synthetic.scenes.outlines import load_outlines  # noqa: PLC0415
    from training.windows.counts import WindowCounts, count_windows  # noqa: PLC0415
    from training.windows.gallery import LEGEND, write_window_gallery  # noqa: PLC0415
    from training.windows.source import draw_windows  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 120)
    with show_progress(console=console) as on_progress:
        found = list(open_inputs(paths, on_progress=on_progress)) if paths else load_acquisitions()
    unknown = sorted(set(without or ()) - {one.series for one in found})
    if unknown:
        raise InvalidInputError(f"expected --without to name a series of these acquisitions, got {unknown[0]!r}")
    kept = [one for one in found if one.series not in (without or ())]
    with show_progress(console=console) as on_progress:
        drawn = list(follow(draw_windows(kept, load_outlines(), count, seed), "drawing windows", count, on_progress))
    table = Table(title=f"{count} windows, seed {seed}")
    for field in fields(WindowCounts):
        left = field.name == "series"
        table.add_column(field.name.replace("_", " "), justify="left" if left else "right", no_wrap=left)
    for row in count_windows(drawn):
        table.add_row(*(str(value) for value in astuple(row)))
    console.print(table)
    write_window_gallery(drawn, output)
    console.print(f"wrote {output}; {LEGEND}", soft_wrap=True)
