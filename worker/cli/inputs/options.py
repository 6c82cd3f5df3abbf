"""Command-line options that `classify` and `submit` share: annotations, and how ion images of each kind are read."""

from typing import Annotated

import typer

HELP = (
    "A folder of PNGs, a single PNG, an .imzML file, an array (.npz, .npy, .zarr, .h5ad), PNGs or zarr in a store"
    " (s3://, gs://, https://), or metaspace:DATASET_ID."
)
Annotations = Annotated[
    str | None,
    typer.Option(
        help="A list of annotations, .json or a table such as .csv; default: every image, or an imzML's peaks."
    ),
]
Ppm = Annotated[
    float | None, typer.Option(min=0.001, max=1000, help="imzML: half width of the m/z window, ppm; default: 3.")
]
Z = Annotated[int | None, typer.Option("--z", help="imzML: which plane of a 3-D file.")]
MostPeaks = Annotated[
    int | None,
    typer.Option(min=1, max=10_000, help="imzML without annotations: how many peaks are picked; default: up to 500."),
]
Database = Annotated[str | None, typer.Option(help="METASPACE: the molecular database, such as HMDB-v4.")]
Fdr = Annotated[float | None, typer.Option(min=0, max=1, help="METASPACE: highest false discovery rate.")]
