"""`python -m training search-recipes`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.progress_bar import make_progress_bar, show_steps
from training.fit.quiet_tensorflow import import_tensorflow_quietly


def search_recipes(
    output: Annotated[Path, typer.Option(help="Folder of fits and table; an interrupted search is resumed.")],
    images: Annotated[int, typer.Option(min=20, help="Semi-synthetic images in all folds.")] = 6_000,
    folds: Annotated[int, typer.Option(min=2)] = 5,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    only: Annotated[list[str] | None, typer.Option("--variant", help="Name of a variant; all when left out.")] = None,
) -> None:
    """Compare variants of the default recipe on grouped folds; without the benchmark's masks and textures."""
    import_tensorflow_quietly()
    from training.cross_validation.folded_set import Grouping, fold_synthetic  # noqa: PLC0415 - Keras takes seconds
    from training.recipe_search.search import choose_variants, make_variant_table, search  # noqa: PLC0415
    from training.reports.text_tables import print_table  # noqa: PLC0415
    from training.synthetic.mixture import load_training_mixture  # noqa: PLC0415
    from training.synthetic.sources import load_sources, split_sources  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 120)
    names = choose_variants(only or [])
    sources, _ = split_sources(load_sources())
    with make_progress_bar(console) as progress:
        with show_steps(progress) as on_progress:
            mixture = load_training_mixture()
            folded = fold_synthetic(sources, mixture, images, folds, seed, Grouping.DATASET, on_progress=on_progress)
        task = progress.add_task(f"{len(names)} variants", total=len(names))

        def report(name: str) -> None:
            progress.advance(task)
            progress.console.print(f"done: {name}")

        rows = search(folded, names, output, seed=seed, on_variant=report)
    print_table(make_variant_table(rows, images, folds), console)
    (output / "variants.json").write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")
