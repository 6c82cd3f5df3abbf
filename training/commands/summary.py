"""`python -m training summary`: the contents of labelled data."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.progress_bar import show_progress


def summary(
    path: Annotated[Path, typer.Argument(help="Labelled ion images: a gold-standard folder, or label files.")],
    figure: Annotated[Path, typer.Option(help="PNG to write.")] = Path("runs/class-distribution.png"),
    *,
    every: Annotated[bool, typer.Option("--all", help="List every left-out image.")] = False,
) -> None:
    """Count, list and draw the classes of labelled ion images, dataset by dataset."""
    # These take a second to import, and --help none.
    from training.acquisitions.labelled_inputs import load_labelled_inputs  # noqa: PLC0415
    from training.labelled.class_counts import count_classes, print_class_counts  # noqa: PLC0415
    from training.labelled.class_figure import draw_class_figure  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 120)
    with show_progress(console=console) as on_progress:
        labelled_set = load_labelled_inputs([path], on_progress=on_progress)
    counts = count_classes(labelled_set)
    print_class_counts(labelled_set, counts, console, every=every)
    figure.parent.mkdir(parents=True, exist_ok=True)
    draw_class_figure(labelled_set.name, counts).savefig(figure, dpi=110)
    console.print(f"wrote {figure}", soft_wrap=True)
