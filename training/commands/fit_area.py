"""`python -m training fit-area`."""
# ruff: noqa: PLC0415 - these take seconds to import, and --help none

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from shared.errors import InvalidInputError
from shared.progress_bar import make_progress_bar
from training.area.settings import AreaSettings
from training.fit.quiet_tensorflow import import_tensorflow_quietly

if TYPE_CHECKING:
    from training.area.run import NetworkTask

_DEFAULTS = AreaSettings()


def fit_area(  # noqa: PLR0913 - options of a command
    output: Annotated[Path, typer.Option(help="Run folder; an interrupted run in it is resumed.")],
    examples: Annotated[
        int, typer.Option(min=1, help="Windows of real acquisitions, and as many semi-synthetic datasets.")
    ] = _DEFAULTS.examples,
    steps: Annotated[int, typer.Option(min=1, help="Batches that each network is fitted on.")] = _DEFAULTS.steps,
    members: Annotated[int, typer.Option(min=1, help="Networks of the release.")] = _DEFAULTS.members,
    folds: Annotated[
        int, typer.Option(min=2, help="Parts of the acquisitions that are held out in turn.")
    ] = _DEFAULTS.folds or 2,
    fold_members: Annotated[int, typer.Option(min=1, help="Networks of each fold.")] = _DEFAULTS.fold_members,
    seed: Annotated[int, typer.Option(min=0, help="Makes the run repeatable.")] = _DEFAULTS.seed,
) -> None:
    """Fit area networks: those of a release, and for each fold of acquisitions those that did not see it."""
    from training.acquisitions.folds import leave_one_out
    from training.acquisitions.series import list_acquisitions
    from training.area.run import AreaRun

    most = len(leave_one_out(list_acquisitions()))
    if folds > most:
        raise InvalidInputError(f"expected at most {most} folds, one for each series of acquisitions, got {folds}")
    settings = AreaSettings(
        examples=examples, steps=steps, members=members, folds=folds, fold_members=fold_members, seed=seed
    )
    run = AreaRun(output)
    run.begin(settings)
    import_tensorflow_quietly()
    from training.area.fitting import fit_area_networks

    console = Console()
    with make_progress_bar(console) as progress:
        drawing = progress.add_task("drawing examples", total=None)
        fitting = progress.add_task("fitting networks", total=None)

        def on_part(done: int, total: int) -> None:
            progress.update(drawing, completed=done, total=total)

        def on_network(task: "NetworkTask", done: int, total: int) -> None:
            progress.update(fitting, completed=done, total=total)
            progress.console.print(f"fitted {task.name} ({done} of {total})", soft_wrap=True)

        fit_area_networks(settings, run, on_part, on_network)
    console.print(f"the networks are in {output}", soft_wrap=True)
