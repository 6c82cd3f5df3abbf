"""`python -m training publish-area`."""
# ruff: noqa: PLC0415 - these take seconds to import, and --help none

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.progress_bar import show_progress
from training.commands.release_options import AlthoughWorseOn, LogEvaluation, MakeDefault, ReleasesRoot
from training.fit.quiet_tensorflow import import_tensorflow_quietly


def publish_area(  # noqa: PLR0913 - options of a command
    run: Annotated[Path, typer.Argument(help="Run folder of a finished `fit-area`.")],
    version: Annotated[str, typer.Option(help="Version of the new release, such as 2026.12.1.")],
    plain: Annotated[
        str | None, typer.Option(help="Plain release that lends its members; the default release when left out.")
    ] = None,
    releases_root: ReleasesRoot = None,
    *,
    default: MakeDefault = False,
    although_worse_on: AlthoughWorseOn = None,
    log_evaluation: LogEvaluation = False,
) -> None:
    """Evaluate area networks on acquisitions that they did not see, and join them with a plain release."""
    from model_store.release import RELEASES_ROOT, open_release, require_new_version

    root = releases_root or RELEASES_ROOT
    require_new_version(version, root)
    opened = open_release(plain, root)
    import_tensorflow_quietly()
    from training.acquisitions.reference_data import load_reference_data
    from training.area.area_content import gather_content
    from training.area.publish import publish_area_release, require_plain
    from training.area.report import print_held_out
    from training.area.run import AreaRun
    from training.area.seed_spread import describe_fits
    from training.benchmark.frozen_set import draw_frozen_set
    from training.commands.published import print_published
    from training.real_sets import load_real_sets
    from training.release.reference_file import write_reference_file

    require_plain(opened)
    finished = AreaRun(run)
    finished.require_finished()
    console = Console(width=None if sys.stdout.isatty() else 160)
    with show_progress(console=console) as on_progress:
        content = gather_content(finished, opened, on_progress=on_progress)
        content = replace(content, real_sets=load_real_sets(), frozen=draw_frozen_set(on_progress=on_progress))
    print_held_out(content.held_out, console)
    console.print(describe_fits(content.fits))
    allowed = although_worse_on or []
    with show_progress(console=console) as on_progress:
        release, rows = publish_area_release(
            finished,
            version,
            opened,
            content,
            default=default,
            although_worse_on=allowed,
            root=root,
            on_progress=on_progress,
        )
    print_published(release, rows, console, default=default, log_evaluation=log_evaluation)
    with show_progress(console=console) as on_progress:
        path, _ = write_reference_file(release, load_reference_data(), on_progress)
    console.print(f"reference of release {release.version}: {path}", soft_wrap=True)
