"""`python -m training fit`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from shared.counting import count_of
from shared.errors import InvalidInputError
from shared.progress import ProgressCallback
from shared.progress_bar import make_progress_bar, show_steps
from training.commands.release_options import ReleasesRoot
from training.commands.retraining_options import FromRelease, RetrainingPlan, WithSynthetic, plan_retraining
from training.fit.quiet_tensorflow import import_tensorflow_quietly
from training.fit.recipe import PresetName
from training.fit.settings import FitSettings, make_settings, settings_of
from training.synthetic.mixture import TRAINING_MIXTURES

if TYPE_CHECKING:
    from training.fit.fitting import OnEpoch
    from training.fit.run_folder import EpochRow, RunFolder
    from training.labelled.labelled_set import LabelledSet

_DEFAULTS = FitSettings()


def fit(  # noqa: PLR0913 - options of a command
    output: Annotated[Path, typer.Option(help="Run folder; an interrupted run in it is resumed.")],
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Labelled ion images, several times if you like; semi-synthetic ones when left out."),
    ] = None,
    from_release: FromRelease = None,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(metavar="DATASET", help="Labelled dataset to validate on; all are fitted on when left out."),
    ] = None,
    preset: Annotated[PresetName, typer.Option(help="Recipe.")] = PresetName.DEFAULT,
    images: Annotated[
        int | None, typer.Option(min=2, help=f"Semi-synthetic training images; {_DEFAULTS.images} when left out.")
    ] = None,
    members: Annotated[int, typer.Option(min=1, help="Networks in the ensemble.")] = _DEFAULTS.members,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs per member; those of the preset when left out.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Makes the run repeatable.")] = _DEFAULTS.seed,
    mixture: Annotated[
        str | None, typer.Option(help=f"What semi-synthetic images are drawn from: {', '.join(TRAINING_MIXTURES)}.")
    ] = None,
    releases_root: ReleasesRoot = None,
    *,
    with_synthetic: WithSynthetic = False,
) -> None:
    """Fit an ensemble on semi-synthetic ion images, or on labelled ones of your own."""
    if not data and (from_release is not None or hold_out or with_synthetic):
        raise InvalidInputError("expected labelled images (--data) with --from, --hold-out and --with-synthetic")
    if data and mixture is not None and not with_synthetic:
        raise InvalidInputError("expected --with-synthetic beside --mixture: it is of semi-synthetic images")
    if mixture is not None and mixture not in TRAINING_MIXTURES:
        raise InvalidInputError(f"expected a mixture of {', '.join(TRAINING_MIXTURES)}, got {mixture!r}")
    import_tensorflow_quietly()
    from training.fit.run_folder import RunFolder  # noqa: PLC0415 - Keras takes seconds, and --help none

    console, run = Console(), RunFolder(output)
    with make_progress_bar(console) as progress, show_steps(progress) as on_progress:
        if not data:
            settings = make_settings(preset, images=images, members=members, epochs=epochs, seed=seed, mixture=mixture)
            start = _prepare_synthetic(settings, run, on_progress)
        else:
            plan = plan_retraining(
                preset, from_release, releases_root, with_synthetic=with_synthetic, images=images, epochs=epochs
            )
            settings = settings_of(preset, plan.recipe, members=members, seed=seed, mixture=mixture)
            settings, start = _prepare_labelled(data, hold_out or [], settings, plan, run, console, on_progress)
        start(_make_reporter(settings, progress))
    console.print(f"{settings.members} members are in {output}", soft_wrap=True)


def _prepare_synthetic(
    settings: FitSettings, run: "RunFolder", on_progress: ProgressCallback
) -> Callable[["OnEpoch"], None]:
    from training.fit.fitting import fit_ensemble  # noqa: PLC0415

    run.begin(settings)
    return partial(fit_ensemble, settings, run, on_progress=on_progress)


def _prepare_labelled(  # noqa: PLR0913 - options of a command, and where its progress goes
    data: list[Path],
    held_out_names: list[str],
    settings: FitSettings,
    plan: RetrainingPlan,
    run: "RunFolder",
    console: Console,
    on_progress: ProgressCallback,
) -> tuple[FitSettings, Callable[["OnEpoch"], None]]:
    """Read and split the data; the settings get the sizes of its parts."""
    from training.acquisitions.labelled_inputs import load_labelled_inputs  # noqa: PLC0415
    from training.fit.context_inputs import add_labelled_context  # noqa: PLC0415
    from training.fit.fitting import fit_members  # noqa: PLC0415
    from training.fit.labelled_data import describe_fit_data, hold_out, require_both_classes  # noqa: PLC0415
    from training.labelled.class_counts import print_left_out  # noqa: PLC0415

    labelled_set = add_labelled_context(load_labelled_inputs(data, on_progress=on_progress), settings.recipe)
    training, validation = hold_out(labelled_set, held_out_names)
    if not plan.synthetic_images:
        require_both_classes(training)
    print_left_out(labelled_set, console)
    console.print(
        _describe_parts(training, validation, plan),
        markup=False,
        soft_wrap=True,
    )
    retraining = plan.prepare(settings.mixture, settings.seed, on_progress)
    fitted = retraining.add_companions(training)
    settings = settings_of(
        settings.preset,
        settings.recipe,
        data=describe_fit_data(labelled_set, training, validation),
        images=len(fitted.off),
        members=settings.members,
        seed=settings.seed,
        validation_images=len(validation),
        start=None if plan.start is None else plan.start.record,
        synthetic_images=plan.synthetic_images,
        mixture=settings.mixture,
    )
    run.begin(settings)
    return settings, partial(fit_members, settings, run, fitted, validation, starts=retraining.starts)


def _describe_parts(training: "LabelledSet", validation: "LabelledSet", plan: RetrainingPlan) -> str:
    """One sentence: what is fitted on, from where, and what is held out."""
    datasets = len(training.dataset_names)
    parts = [f"fitting on {len(training):,} images of {count_of(datasets, 'dataset')}"]
    if plan.synthetic_images:
        parts.append(f"with {plan.synthetic_images:,} semi-synthetic ones")
    if plan.start is not None:
        parts.append(f"from the networks of release {plan.start.record.release}")
    names = ", ".join(validation.dataset_names)
    held_out = f"held out for validation: {len(validation):,} images of {names}" if names else "nothing is held out"
    return f"{', '.join(parts)}; {held_out}"


def _make_reporter(settings: FitSettings, progress: Progress) -> "OnEpoch":
    task = progress.add_task("fitting", total=settings.members * settings.recipe.epochs)
    held_out = "held-out synthetic groups" if settings.data is None else "held-out datasets"

    def report(row: "EpochRow") -> None:
        done = (row.member - 1) * settings.recipe.epochs + row.epoch
        progress.update(task, completed=done, description=f"member {row.member}")
        progress.console.print(
            f"member {row.member} epoch {row.epoch}: loss {row.loss:.4f}, accuracy {row.accuracy:.4f}"
            + (
                f"; {held_out}: loss {row.validation_loss:.4f}, accuracy {row.validation_accuracy:.4f}"
                if settings.validation_images
                else ""
            ),
            soft_wrap=True,
        )

    return report
