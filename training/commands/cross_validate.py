"""`python -m training cross-validate`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from shared.errors import InvalidInputError
from shared.progress import ProgressCallback
from shared.progress_bar import make_progress_bar, show_progress, show_steps
from training.commands.release_options import ReleasesRoot
from training.commands.retraining_options import FromRelease, RetrainingPlan, WithSynthetic, plan_retraining
from training.fit.quiet_tensorflow import import_tensorflow_quietly
from training.fit.recipe import PresetName, Recipe
from training.fit.resumable_run import open_resumable_run
from training.fit.settings import make_settings
from training.reports.text_tables import print_table
from training.synthetic.mixture import SHIPPED

if TYPE_CHECKING:
    from training.cross_validation.evaluation import Evaluation
    from training.cross_validation.folded_set import FoldedSet, Grouping
    from training.cross_validation.run import OnRepeatEpoch
    from training.cross_validation.settings import CrossValidationSettings
    from training.fit.run_folder import EpochRow
    from training.fit.start import Start

_SYNTHETIC = "synthetic"
_SYNTHETIC_IMAGES = 6_000
_MOST_FOLDS = 10
"""The 2018 report's."""


def cross_validate(  # noqa: PLR0913 - options of a command
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH…", help=f"Labelled ion images, or the word {_SYNTHETIC!r}.")
    ],
    output: Annotated[Path, typer.Option(help="Folder of run and report; an interrupted run in it is resumed.")],
    preset: Annotated[PresetName, typer.Option(help="Recipe.")] = PresetName.DEFAULT,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            help=f"Parts held out in turn; when left out {_MOST_FOLDS}, or one per dataset if there are fewer.",
        ),
    ] = None,
    attempts: Annotated[
        int | None, typer.Option(min=1, help="Repeats: fits per fold, also averaged; 5, or 1 with --from.")
    ] = None,
    members: Annotated[
        int | None, typer.Option(min=1, help="Networks per repeat; 1, or with --from those of the release.")
    ] = None,
    images: Annotated[
        int | None, typer.Option(min=2, help=f"Semi-synthetic images; {_SYNTHETIC_IMAGES} when left out.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs per network; those of the preset when left out.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Makes the run repeatable.")] = 1,
    from_release: FromRelease = None,
    releases_root: ReleasesRoot = None,
    *,
    with_synthetic: WithSynthetic = False,
    family_grouping: Annotated[bool, typer.Option("--family-grouping", help="Hold out whole families.")] = False,
) -> None:
    """Evaluate a recipe on datasets that it was not fitted on, and write a report."""
    import_tensorflow_quietly()
    from training.cross_validation.evaluation import evaluate_folds  # noqa: PLC0415 - Keras takes seconds
    from training.cross_validation.folded_set import Grouping  # noqa: PLC0415
    from training.cross_validation.report import write_report  # noqa: PLC0415
    from training.cross_validation.run import run_folds  # noqa: PLC0415
    from training.cross_validation.settings import describe_run  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 120)
    grouping = Grouping.FAMILY if family_grouping else Grouping.DATASET
    plan = _plan(
        paths, preset, from_release, releases_root, with_synthetic=with_synthetic, images=images, epochs=epochs
    )
    with show_progress(console=console) as on_progress:
        folded, why = _load(paths, images, folds, seed, grouping, plan.recipe, on_progress)
    console.print(why, soft_wrap=True)
    settings = describe_run(
        folded,
        preset,
        plan.recipe,
        attempts=attempts or (5 if plan.start is None else 1),
        members=members or (1 if plan.start is None else len(plan.start.paths)),
        seed=seed,
        start=None if plan.start is None else plan.start.record,
        synthetic_images=plan.synthetic_images,
    )
    open_resumable_run(output, settings, "cross-validation")
    with make_progress_bar(console) as progress:
        with show_steps(progress) as on_progress:
            retraining = plan.prepare(SHIPPED, seed, on_progress)
        probabilities = run_folds(folded, settings, output, _make_reporter(settings, progress), retraining)
    evaluation = evaluate_folds(folded, probabilities)
    page = write_report(output, folded, settings, evaluation)
    _print(folded, evaluation, console)
    console.print(f"wrote {page}", soft_wrap=True)
    if plan.start is not None:
        _print_before_after(folded, plan.start, evaluation, console)


def _load(  # noqa: PLR0913 - options of a command
    paths: list[str],
    images: int | None,
    requested: int | None,
    seed: int,
    grouping: "Grouping",
    recipe: Recipe,
    on_progress: ProgressCallback,
) -> "tuple[FoldedSet, str]":
    """The images in folds, and the reason for the number of folds."""
    from training.acquisitions.labelled_inputs import load_labelled_inputs  # noqa: PLC0415
    from training.cross_validation.folded_set import (  # noqa: PLC0415
        choose_labelled_folds,
        choose_synthetic_folds,
        fold_labelled,
        fold_synthetic,
    )
    from training.fit.context_inputs import add_labelled_context  # noqa: PLC0415
    from training.synthetic.context_set import draw_context_set  # noqa: PLC0415
    from training.synthetic.mixture import load_training_mixture  # noqa: PLC0415
    from training.synthetic.sources import load_sources, split_sources  # noqa: PLC0415
    from training.synthetic.synthetic_set import draw_set  # noqa: PLC0415

    if paths == [_SYNTHETIC]:
        sources, _ = split_sources(load_sources())  # the others are for the benchmark
        draw = draw_context_set if recipe.uses_context else draw_set
        wanted = images or _SYNTHETIC_IMAGES
        folds, why = choose_synthetic_folds(requested, _MOST_FOLDS, sources, grouping)
        return fold_synthetic(sources, load_training_mixture(), wanted, folds, seed, grouping, draw, on_progress), why
    labelled_set = load_labelled_inputs([Path(path) for path in paths], on_progress=on_progress)
    folds, why = choose_labelled_folds(requested, _MOST_FOLDS, labelled_set.datasets, grouping)
    return fold_labelled(add_labelled_context(labelled_set, recipe), folds, grouping), why


def _plan(  # noqa: PLR0913 - options of a command
    paths: list[str],
    preset: PresetName,
    release: str | None,
    releases_root: Path | None,
    *,
    with_synthetic: bool,
    images: int | None,
    epochs: int | None,
) -> RetrainingPlan:
    """A plan for labelled images; semi-synthetic ones alone are fitted on as they are."""
    if paths == [_SYNTHETIC]:
        if release is not None or with_synthetic:
            raise InvalidInputError(f"expected labelled images with --from and --with-synthetic, got {_SYNTHETIC!r}")
        return RetrainingPlan(make_settings(preset, epochs=epochs).recipe, None, 0)
    return plan_retraining(preset, release, releases_root, with_synthetic=with_synthetic, images=images, epochs=epochs)


def _print_before_after(folded: "FoldedSet", start: "Start", evaluation: "Evaluation", console: Console) -> None:
    from training.cross_validation.before_after import compare_with_start  # noqa: PLC0415
    from training.cross_validation.paired_table import make_paired_table  # noqa: PLC0415

    comparison = compare_with_start(folded, start, evaluation.average)
    title = "Before and after: the release's networks, and the same retrained without the held-out datasets"
    print_table(make_paired_table(title, comparison), console)
    console.print(comparison.verdict, soft_wrap=True, highlight=False)


def _make_reporter(settings: "CrossValidationSettings", progress: Progress) -> "OnRepeatEpoch":
    networks = settings.folds * settings.attempts * settings.members
    task = progress.add_task(f"fitting {networks} networks", total=networks * settings.recipe.epochs)

    def report(fold: int, repeat: int, row: "EpochRow") -> None:
        done = ((fold - 1) * settings.attempts + repeat - 1) * settings.members + row.member - 1
        description = f"fold {fold} of {settings.folds}, repeat {repeat} of {settings.attempts}"
        progress.update(task, completed=done * settings.recipe.epochs + row.epoch, description=description)
        if row.epoch == settings.recipe.epochs:
            progress.console.print(
                f"{description}, member {row.member}: held-out accuracy {row.validation_accuracy:.4f}", soft_wrap=True
            )

    return report


def _print(folded: "FoldedSet", evaluation: "Evaluation", console: Console) -> None:
    from training.cross_validation.evaluation import describe_verdict  # noqa: PLC0415
    from training.cross_validation.tables import make_fold_means_table, make_pooled_table  # noqa: PLC0415
    from training.labelled.class_counts import print_left_out  # noqa: PLC0415

    print_left_out(folded.labelled_set, console)
    for table in (make_pooled_table(evaluation), make_fold_means_table(evaluation)):
        print_table(table, console)
    console.print(f"the worst tenth of {len(evaluation.by_dataset)} datasets:")
    for row in evaluation.worst_tenth:
        own, rule = (f"{one.correct} of {one.images}" for one in (row.average, row.rule))
        console.print(Text(f"  {row.part}: {own} correct, border/centre rule {rule}"), soft_wrap=True)
    for warning in evaluation.warnings:
        console.print(f"warning: {warning}", style="yellow", soft_wrap=True)
    console.print(describe_verdict(evaluation), soft_wrap=True)
