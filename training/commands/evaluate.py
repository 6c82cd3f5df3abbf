"""`python -m training evaluate`."""
# ruff: noqa: PLC0415 - these take a second to import, and --help none

import sys
from typing import Annotated

import typer
from rich.console import Console

from training.commands.release_options import LogLook, ReleasesRoot


def evaluate(
    release: Annotated[str | None, typer.Option(help="Version; the default release when left out.")] = None,
    only: Annotated[list[str] | None, typer.Option("--set", help="Name of a real set; all when left out.")] = None,
    releases_root: ReleasesRoot = None,
    *,
    benchmark: Annotated[bool, typer.Option("--benchmark", help="The frozen benchmark too (a minute).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
    log_look: LogLook = False,
) -> None:
    """Judge a release, and the untrained rule, on each real set on its own."""
    from model_store.release import RELEASES_ROOT, open_release
    from training.benchmark.frozen_set import draw_frozen_set
    from training.benchmark.release_figures import run_on_benchmark
    from training.evaluate import evaluate_release
    from training.evaluation_table import figures_as_json, print_benchmark, print_figures
    from training.looks import note_look
    from training.real_sets import load_real_sets

    opened = open_release(release, releases_root or RELEASES_ROOT)
    rows = evaluate_release(opened, load_real_sets(only))
    found = run_on_benchmark(opened, draw_frozen_set()) if benchmark else None
    note = note_look(opened, rows, log=log_look)
    if as_json:
        typer.echo(figures_as_json(rows, found))
        return
    console = Console(width=None if sys.stdout.isatty() else 140)
    print_figures(rows, console)
    if found is not None:
        print_benchmark(found, console)
    if note is not None:
        console.print(note, soft_wrap=True)
