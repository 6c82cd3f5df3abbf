"""`python -m training benchmark`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from shared.progress_bar import make_progress_bar, show_progress
from training.fit.quiet_tensorflow import import_tensorflow_quietly
from training.fit.recipe import RECIPES, PresetName
from training.fit.resumable_run import open_resumable_run

if TYPE_CHECKING:
    from training.benchmark.seed_comparison import OnSeedEpoch, SeedComparisonSettings
    from training.fit.run_folder import EpochRow


def benchmark(
    output: Annotated[Path, typer.Option(help="Folder of fits and report; an interrupted comparison is resumed.")],
    images: Annotated[int, typer.Option(min=2, help="Semi-synthetic training images, the same for every fit.")] = 5_000,
    seeds: Annotated[int, typer.Option(min=2, help="Ensembles per preset.")] = 5,
    members: Annotated[int, typer.Option(min=1, help="Networks per ensemble.")] = 5,
    evaluated_images: Annotated[
        int | None,
        typer.Option(
            "--evaluated-images",
            "--judged-images",
            min=100,
            help="First images of the benchmark; all when left out. --judged-images is its former name.",
        ),
    ] = None,
) -> None:
    """Fit both presets with several seeds, and evaluate them on the frozen benchmark."""
    import_tensorflow_quietly()
    from training.benchmark.comparison_scores import evaluate_seeds  # noqa: PLC0415
    from training.benchmark.frozen_set import draw_frozen_set  # noqa: PLC0415
    from training.benchmark.report import make_tables, write_json  # noqa: PLC0415
    from training.benchmark.seed_comparison import SeedComparisonSettings, run_seed_comparison  # noqa: PLC0415 - takes seconds
    from training.reports.text_tables import print_table  # noqa: PLC0415
    from training.synthetic.mixture import load_training_mixture  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 140)
    with show_progress(console=console) as on_progress:
        frozen = draw_frozen_set(evaluated_images, on_progress)
    console.print(frozen.identity, soft_wrap=True)
    settings = SeedComparisonSettings(
        images=images,
        seeds=seeds,
        members=members,
        recipes={preset: recipe for preset, recipe in RECIPES.items() if not recipe.uses_context},
        benchmark_digest=frozen.description_digest,
        benchmark_images=frozen.images_digest,
        training_mixture=load_training_mixture().digest,
    )
    open_resumable_run(output, settings, "seed comparison")
    with make_progress_bar(console) as progress:
        probabilities = run_seed_comparison(frozen, settings, output, _make_reporter(settings, progress))
    evaluation = evaluate_seeds(frozen, probabilities)
    write_json(output / "benchmark.json", frozen, settings, evaluation)
    for table in make_tables(evaluation):
        print_table(table, console)
    console.print(f"wrote {output / 'benchmark.json'}", soft_wrap=True)


def _make_reporter(settings: "SeedComparisonSettings", progress: Progress) -> "OnSeedEpoch":
    members = len(settings.recipes) * settings.seeds * settings.members
    task = progress.add_task(f"fitting {members} networks", total=members)

    def report(preset: PresetName, seed: int, row: "EpochRow") -> None:
        if row.epoch == settings.recipes[preset].epochs:
            progress.advance(task)
            progress.console.print(
                f"{preset}, seed {seed}, member {row.member}: accuracy on the first benchmark images"
                f" {row.validation_accuracy:.4f}",
                soft_wrap=True,
            )

    return report
