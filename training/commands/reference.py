"""`python -m training reference`."""
# ruff: noqa: PLC0415 - these take a second to import, and --help none

from typing import Annotated

import typer

from shared.progress_bar import show_progress
from training.commands.release_options import ReleasesRoot


def reference(
    version: Annotated[str, typer.Argument(help="Installed release whose manifest states no reference.")],
    releases_root: ReleasesRoot = None,
) -> None:
    """Write the reference of a release beside it; `offsample drift` compares later datasets with it."""
    from model_store.release import RELEASES_ROOT, open_release
    from training.acquisitions.reference_data import load_reference_data
    from training.release.reference_file import write_reference_file

    release = open_release(version, releases_root or RELEASES_ROOT)
    with show_progress() as on_progress:
        path, found = write_reference_file(release, load_reference_data(), on_progress)
    typer.echo(f"wrote {path}: {len(found.datasets)} datasets, {found.data}")
