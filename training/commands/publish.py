"""`python -m training publish`."""
# ruff: noqa: PLC0415 - these take seconds to import, and --help none

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from training.commands.release_options import LogEvaluation, ReleasesRoot
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
    releases_root: ReleasesRoot = None,
    *,
    default: Annotated[
        bool, typer.Option("--default", help="Make it the default release, unless it is worse than the current one.")
    ] = False,
    although_worse_on: Annotated[
        list[str] | None,
        typer.Option(metavar="SET", help="Real set on which a new default may be worse than the current one."),
    ] = None,
    log_evaluation: LogEvaluation = False,
) -> None:
    """Turn a finished run into a verified release."""
    from model_store.release import RELEASES_ROOT, open_release, read_blend, require_new_version

    root = releases_root or RELEASES_ROOT
    require_new_version(version, root)
    import_tensorflow_quietly()
    from training.benchmark.frozen_set import draw_frozen_set
    from training.fit.run_folder import RunFolder
    from training.real_sets import load_real_sets
    from training.release.decision import UNDECIDED, decide
    from training.release.evaluation_log import note_evaluation
    from training.release.evaluation_table import print_scores
    from training.release.publish import publish_release, require_publishable
    from training.release.release_manifest import ReleaseParts

    finished = RunFolder(run)
    parts = ReleaseParts(
        decision=UNDECIDED if cross_validation is None else decide(cross_validation),
        blend=None if blend is None else read_blend(blend),
        plain=None if plain is None else open_release(plain, root),
    )
    require_publishable(finished, version, parts, root)
    parts = replace(parts, real_sets=load_real_sets(), frozen=draw_frozen_set())
    release, rows = publish_release(
        finished, version, parts, default=default, although_worse_on=although_worse_on or [], root=root
    )
    console = Console(width=None if sys.stdout.isatty() else 140)
    print_scores(rows, console)
    note = note_evaluation(release, rows, log=log_evaluation)
    if note is not None:
        console.print(note, soft_wrap=True)
    made = " and made it the default" if default else ""
    console.print(f"published {release.version} in {release.folder}{made}", soft_wrap=True)
