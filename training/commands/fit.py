"""`python -m training fit`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from shared.errors import InvalidInputError
from training.fit.quiet_tensorflow import import_tensorflow_quietly
from training.fit.recipe import PresetName
from training.fit.settings import FitSettings, make_settings, settings_of
from training.synthetic.mixture import TRAINING_MIXTURES

if TYPE_CHECKING:
    from training.fit.fitting import OnEpoch
    from training.fit.run_folder import EpochRow, RunFolder

_DEFAULTS = FitSettings()


def fit(  # noqa: PLR0913 - options of a command
    output: Annotated[Path, typer.Option(help="Run folder; an interrupted run in it is resumed.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Labelled ion images; semi-synthetic ones when left out. About a tenth is held out, in whole datasets."
        ),
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
) -> None:
    """Fit an ensemble on semi-synthetic ion images, or on labelled ones of your own."""
    if data is not None and (images is not None or mixture is not None):
        raise InvalidInputError("expected either --data, or --images and --mixture for semi-synthetic images, got both")
    if mixture is not None and mixture not in TRAINING_MIXTURES:
        raise InvalidInputError(f"expected a mixture of {', '.join(TRAINING_MIXTURES)}, got {mixture!r}")
    import_tensorflow_quietly()
    from training.fit.run_folder import RunFolder  # noqa: PLC0415 - Keras takes seconds, and --help none

    console, run = Console(), RunFolder(output)
    if data is None:
        settings = make_settings(preset, images=images, members=members, epochs=epochs, seed=seed, mixture=mixture)
        start = _prepare_synthetic(settings, run)
    else:
        settings, start = _prepare_labelled(data, make_settings(preset, members=members, epochs=epochs, seed=seed), run)
    with Progress(console=console) as progress:
        start(_make_reporter(settings, progress))
    console.print(f"{settings.members} members are in {output}", soft_wrap=True)


def _prepare_synthetic(settings: FitSettings, run: "RunFolder") -> Callable[["OnEpoch"], None]:
    from training.fit.fitting import fit_ensemble  # noqa: PLC0415

    run.begin(settings)
    return partial(fit_ensemble, settings, run)


def _prepare_labelled(
    data: Path, settings: FitSettings, run: "RunFolder"
) -> tuple[FitSettings, Callable[["OnEpoch"], None]]:
    """Read and split the data; the settings get the sizes of its parts."""
    from training.fit.context_inputs import add_labelled_context  # noqa: PLC0415
    from training.fit.fitting import fit_members  # noqa: PLC0415
    from training.fit.labelled_data import describe_fit_data, split_validation  # noqa: PLC0415
    from training.labelled.class_counts import print_left_out  # noqa: PLC0415
    from training.labelled.layout import load_labelled_set  # noqa: PLC0415

    labelled_set = add_labelled_context(load_labelled_set(data), settings.recipe)
    training, validation = split_validation(labelled_set)
    console = Console()
    print_left_out(labelled_set, console)
    console.print(
        f"fitting on {len(training):,} images of {len(training.dataset_names)} datasets; held out for"
        f" validation: {len(validation):,} images of {', '.join(validation.dataset_names)}",
        markup=False,
        soft_wrap=True,
    )
    settings = settings_of(
        settings.preset,
        settings.recipe,
        data=describe_fit_data(labelled_set, training, validation),
        images=len(training),
        members=settings.members,
        seed=settings.seed,
        validation_images=len(validation),
    )
    run.begin(settings)
    return settings, partial(fit_members, settings, run, training, validation)


def _make_reporter(settings: FitSettings, progress: Progress) -> "OnEpoch":
    task = progress.add_task("fitting", total=settings.members * settings.recipe.epochs)
    held_out = "held-out synthetic groups" if settings.data is None else "held-out datasets"

    def report(row: "EpochRow") -> None:
        done = (row.member - 1) * settings.recipe.epochs + row.epoch
        progress.update(task, completed=done, description=f"member {row.member}")
        progress.console.print(
            f"member {row.member} epoch {row.epoch}: loss {row.loss:.4f}, accuracy {row.accuracy:.4f};"
            f" {held_out}: loss {row.validation_loss:.4f}, accuracy {row.validation_accuracy:.4f}",
            soft_wrap=True,
        )

    return report
