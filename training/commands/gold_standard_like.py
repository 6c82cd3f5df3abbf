"""`python -m training write-gold-standard-like`: data to try other commands with."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.progress_bar import show_progress


def write_gold_standard_like(
    folder: Annotated[Path, typer.Argument(help="New folder.")],
    datasets: Annotated[int, typer.Option(min=1, help="Datasets, each with its own outline and texture.")] = 6,
    images: Annotated[int, typer.Option(min=1, help="Ion images per dataset.")] = 40,
    seed: Annotated[int, typer.Option(min=0)] = 1,
) -> None:
    """Write semi-synthetic ion images in the layout of the gold standard, to try other commands with."""
    # These take a second to import, and --help none.
    from training.labelled import gold_standard_like  # noqa: PLC0415
    from training.synthetic.sources import load_sources  # noqa: PLC0415

    console = Console()
    with show_progress(console=console) as on_progress:
        written = gold_standard_like.write_gold_standard_like(
            folder, load_sources(), datasets=datasets, images=images, seed=seed, on_progress=on_progress
        )
    for name, on, off in written:
        console.print(f"{name}: {on} on, {off} off", soft_wrap=True, highlight=False)
    console.print(f"wrote {len(written)} datasets in {folder}", soft_wrap=True)
