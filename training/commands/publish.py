"""`python -m training publish`."""
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


def publish(  # noqa: PLR0913 - options of a command
    run: Annotated[Path, typer.Argument(help="Run folder of a finished fit.")],
    version: Annotated[str, typer.Option(help="Version of the new release, such as 2026.11.1.")],
    cross_validation: Annotated[
        Path | None, typer.Option(help="Finished cross-validation that temperature and uncertainty are taken from.")
    ] = None,
    blend: Annotated[
        Path | None, typer.Option(help="blend.json of a `baseline` run, for networks that use the context.")
    ] = None,
    plain: Annotated[str | None, typer.Option(help="Release whose members join networks that use the context.")] = None,
    benchmark_images: Annotated[
        int | None,
        typer.Option(
            min=1, help="Only the first images of the benchmark, for a trial; their scores are not its scores."
        ),
    ] = None,
    releases_root: ReleasesRoot = None,
    *,
    default: MakeDefault = False,
    although_worse_on: AlthoughWorseOn = None,
    log_evaluation: LogEvaluation = False,
) -> None:
    """Turn a finished run into a verified release."""
    from model_store.release import RELEASES_ROOT, open_release, read_blend, require_new_version

    root = releases_root or RELEASES_ROOT
    require_new_version(version, root)
    import_tensorflow_quietly()
    from training.acquisitions.reference_data import load_reference_data
    from training.benchmark.frozen_set import draw_frozen_set
    from training.commands.published import print_published
    from training.fit.run_folder import RunFolder
    from training.real_sets import load_real_sets
    from training.release.decision import UNDECIDED, decide
    from training.release.publish import publish_release, require_publishable
    from training.release.release_manifest import ReleaseParts

    finished = RunFolder(run)
    parts = ReleaseParts(
        decision=UNDECIDED if cross_validation is None else decide(cross_validation),
        blend=None if blend is None else read_blend(blend),
        plain=None if plain is None else open_release(plain, root),
    )
    require_publishable(finished, version, parts, root)
    console = Console(width=None if sys.stdout.isatty() else 140)
    with show_progress(console=console) as on_progress:
        frozen = draw_frozen_set(benchmark_images, on_progress)
        parts = replace(parts, real_sets=load_real_sets(), frozen=frozen, reference_data=load_reference_data())
        allowed = although_worse_on or []
        release, rows = publish_release(
            finished, version, parts, default=default, although_worse_on=allowed, root=root, on_progress=on_progress
        )
    print_published(release, rows, console, default=default, log_evaluation=log_evaluation)
