"""`python -m training explore`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.errors import InvalidInputError

_SYNTHETIC = "synthetic"
_IONS = 60


def explore(
    dataset: Annotated[
        str, typer.Argument(help=f"Folder or array file with all ion images, or the word {_SYNTHETIC!r}.")
    ],
    output: Annotated[
        Path | None, typer.Option(help="Folder to write; runs/exploration/<dataset> when left out.")
    ] = None,
    ions: Annotated[int | None, typer.Option(min=1, help=f"Semi-synthetic ions; {_IONS} when left out.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of a semi-synthetic dataset.")] = 2,
) -> None:
    """Draw the 2018 report's pictures of one dataset: spectra, components, clusters, mask, ion images."""
    # These take a second to import, and --help none.
    from training.exploration import exploration, explored_dataset  # noqa: PLC0415
    from training.exploration.page import write_exploration  # noqa: PLC0415
    from training.synthetic.sources import load_sources  # noqa: PLC0415

    console = Console()
    if dataset == _SYNTHETIC:
        opened = explored_dataset.draw_dataset(load_sources(), ions or _IONS, seed)
    elif ions is not None:
        raise InvalidInputError(f"--ions counts semi-synthetic ions; expected none, or {_SYNTHETIC!r} as DATASET")
    else:
        opened = explored_dataset.open_dataset(Path(dataset))
    found = exploration.explore(opened)
    folder = output or Path("runs/exploration") / opened.name.replace(" ", "_")
    page = write_exploration(found, folder)
    predicted = found.predicted
    console.print(
        f"{opened.name}: {len(opened.ion_images)} ion images, off_sample_area: {predicted.off_sample_area or 'unknown'}"
        f" (confidence {predicted.confidence:.2f})",
        soft_wrap=True,
        highlight=False,
    )
    console.print(f"wrote {page}", soft_wrap=True)
