"""`python -m training evaluate`."""
# ruff: noqa: PLC0415 - these take a second to import, and --help none

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from shared.errors import InvalidInputError
from shared.progress_bar import show_progress
from training.commands.release_options import LogEvaluation, ReleasesRoot

if TYPE_CHECKING:
    from model_store.release import Release


def evaluate(  # noqa: PLR0913 - options of a command
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="Acquisitions of your own (folders, .imzML files, metaspace:ID) or, by name, of training/data;"
            " the real sets when left out."
        ),
    ] = None,
    release: Annotated[
        list[str] | None,
        typer.Option(help="Version; the default release when left out. Two, with acquisitions, are compared in pairs."),
    ] = None,
    only: Annotated[list[str] | None, typer.Option("--set", help="Name of a real set; all when left out.")] = None,
    releases_root: ReleasesRoot = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Label file, or folder of <acquisition>.csv; when left out, the labels in the images' folder."
        ),
    ] = None,
    *,
    benchmark: Annotated[
        bool, typer.Option("--benchmark", help="Also evaluate on the frozen benchmark (a minute).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
    log_evaluation: LogEvaluation = False,
) -> None:
    """Evaluate a release and the untrained rule on each real set or acquisition."""
    from model_store.release import RELEASES_ROOT, open_release
    from training.benchmark.frozen_set import draw_frozen_set
    from training.benchmark.release_on_benchmark import run_on_benchmark
    from training.real_sets import load_real_sets
    from training.release.evaluation_log import note_evaluation
    from training.release.evaluation_table import print_benchmark, print_scores, scores_as_json
    from training.release.release_scores import evaluate_release

    versions: list[str | None] = [*release] if release else [None]
    if len(versions) > (2 if paths else 1):
        raise InvalidInputError(f"expected one --release, or two with acquisitions, got {len(versions)}")
    opened, *others = (open_release(version, releases_root or RELEASES_ROOT) for version in versions)
    if paths:
        if only or benchmark:
            raise InvalidInputError("expected either acquisitions or --set and --benchmark, got both")
        if others:
            _compare_releases(opened, others[0], paths, labels, as_json=as_json)
        else:
            _evaluate_acquisitions(opened, paths, labels, as_json=as_json)
        return
    with show_progress() as on_progress:
        rows = evaluate_release(opened, load_real_sets(only), on_progress)
        found = run_on_benchmark(opened, draw_frozen_set(on_progress=on_progress)) if benchmark else None
    note = note_evaluation(opened, rows, log=log_evaluation)
    if as_json:
        typer.echo(scores_as_json(rows, found))
        return
    console = Console(width=None if sys.stdout.isatty() else 140)
    print_scores(rows, console)
    if found is not None:
        print_benchmark(found, console)
    if note is not None:
        console.print(note, soft_wrap=True)


def _evaluate_acquisitions(release: "Release", inputs: list[str], labels: Path | None, *, as_json: bool) -> None:
    from training.acquisitions.evaluation import evaluate_acquisitions
    from training.acquisitions.evaluation_report import acquisitions_as_json, print_acquisitions
    from training.acquisitions.inputs import open_inputs

    with show_progress() as on_progress:
        rows = list(evaluate_acquisitions(release, open_inputs(inputs, labels, on_progress)))
    if as_json:
        typer.echo(acquisitions_as_json(rows))
        return
    print_acquisitions(rows, Console(width=None if sys.stdout.isatty() else 140))


def _compare_releases(
    first: "Release", second: "Release", inputs: list[str], labels: Path | None, *, as_json: bool
) -> None:
    from training.acquisitions.inputs import open_inputs
    from training.acquisitions.paired_evaluation import compare_releases
    from training.cross_validation.paired_table import make_paired_table
    from training.reports.text_tables import print_table

    with show_progress() as on_progress:
        comparison = compare_releases(first, second, open_inputs(inputs, labels, on_progress))
    if as_json:
        typer.echo(json.dumps(asdict(comparison) | {"verdict": comparison.verdict}, indent=2))
        return
    console = Console(width=None if sys.stdout.isatty() else 140)
    print_table(make_paired_table("Two releases on the same labelled ions", comparison), console)
    console.print(comparison.verdict, soft_wrap=True, highlight=False)
