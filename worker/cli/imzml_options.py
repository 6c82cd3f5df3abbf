"""Options of commands that read imzML files."""

from typing import Annotated

import typer

PpmOption = Annotated[
    float | None, typer.Option(min=0.001, max=1000, help="imzML: half width of the m/z window, ppm; default: 3.")
]
ZOption = Annotated[int | None, typer.Option("--z", help="imzML: which plane of a 3-D file.")]
MostPeaksOption = Annotated[
    int | None,
    typer.Option(min=1, max=10_000, help="imzML without annotations: how many peaks are picked; default: up to 500."),
]
