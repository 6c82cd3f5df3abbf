"""`python -m training describe`."""
# ruff: noqa: PLC0415 - these take seconds to import, and --help none

import sys
from typing import Annotated

import typer
from rich.console import Console

from shared.progress_bar import show_progress
from training.commands.release_options import ReleasesRoot
from training.fit.quiet_tensorflow import import_tensorflow_quietly


def describe(
    version: Annotated[str, typer.Argument(help="Installed release.")],
    releases_root: ReleasesRoot = None,
    *,
    front_matter: Annotated[
        bool,
        typer.Option("--front-matter", help="Only the YAML at the head of the card, from the manifest, at once."),
    ] = False,
) -> None:
    """Update scores, pictures and card of a release; its networks and predictions stay the same."""
    import_tensorflow_quietly()
    from model_store.release import RELEASES_ROOT, open_release
    from training.benchmark.frozen_set import draw_frozen_set
    from training.real_sets import load_real_sets
    from training.release.evaluation_table import print_scores
    from training.release.redescription import redescribe_release, rewrite_front_matter

    release = open_release(version, releases_root or RELEASES_ROOT)
    console = Console(width=None if sys.stdout.isatty() else 140)
    if front_matter:
        described = rewrite_front_matter(release)
    else:
        with show_progress(console=console) as on_progress:
            frozen = draw_frozen_set(on_progress=on_progress)
            described, rows = redescribe_release(release, load_real_sets(), frozen, on_progress)
        print_scores(rows, console)
    console.print(f"described {described.version} in {described.folder}", soft_wrap=True)
