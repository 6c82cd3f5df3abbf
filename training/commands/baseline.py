"""`python -m training baseline`."""

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from shared.errors import InvalidInputError
from shared.progress import ProgressCallback
from shared.progress_bar import make_progress_bar, show_steps
from training.fit.quiet_tensorflow import import_tensorflow_quietly
from training.fit.resumable_run import open_resumable_run
from training.reports.text_tables import print_table

if TYPE_CHECKING:
    from training.baseline.whole_set import WholeSet
    from training.cross_validation.comparison import Method, MethodRow
    from training.cross_validation.folded_set import Grouping
    from training.fit.run_folder import EpochRow

_SYNTHETIC = "synthetic"
_DATASETS, _IONS = 100, 40
_MOST_FOLDS = 5
_BY_ASPECT = (
    "border/centre rule",
    "K-means mask itself",
    "network",
    "context network",
    "both networks, averaged",
    "blend of networks and mask",
)


def baseline(  # noqa: PLR0913 - options of a command
    path: Annotated[str, typer.Argument(help=f"Labelled ion images, or the word {_SYNTHETIC!r}.")],
    output: Annotated[Path, typer.Option(help="Folder of run and tables; an interrupted run in it is resumed.")] = Path(
        "runs/baseline"
    ),
    datasets: Annotated[
        int | None, typer.Option(min=2, help=f"Semi-synthetic datasets; {_DATASETS} when left out.")
    ] = None,
    ions: Annotated[int | None, typer.Option(min=2, help=f"Ions of each of them; {_IONS} when left out.")] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            help=f"Parts held out in turn; when left out {_MOST_FOLDS}, or one per dataset if there are fewer.",
        ),
    ] = None,
    members: Annotated[int, typer.Option(min=1, help="Networks per fold, of each kind.")] = 1,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs per network; those of the presets when left out.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Makes the run repeatable.")] = 1,
    *,
    family_grouping: Annotated[bool, typer.Option("--family-grouping", help="Hold out whole families.")] = False,
    networks: Annotated[bool, typer.Option(help="Also fit networks, on the same folds.")] = True,
) -> None:
    """Evaluate rule, the 2018 report's pixel classifiers, network, context network and blend on the same folds."""
    from training.cross_validation import comparison  # noqa: PLC0415
    from training.cross_validation.folded_set import Grouping  # noqa: PLC0415
    from training.metrics.border_centre import score_border_centre  # noqa: PLC0415 - takes seconds to import, and --help none

    grouping = Grouping.FAMILY if family_grouping else Grouping.DATASET
    console = Console(width=None if sys.stdout.isatty() else 160)
    with make_progress_bar(console) as progress:
        with show_steps(progress) as on_progress:
            whole_set, why = _load(path, datasets, ions, folds, seed, grouping, on_progress)
        progress.console.print(why, soft_wrap=True)
        methods = [comparison.rule_method(score_border_centre(whole_set.inputs))]
        methods += _run_pixel_classifiers(whole_set, seed, output, progress)
        if networks:
            methods += _run_networks(whole_set, grouping, (members, epochs, seed), output, progress)
    rows = comparison.compare_methods(whole_set.off, whole_set.fold_of, whole_set.group_keys, methods)
    _write(output, whole_set, methods, rows)
    tables = [comparison.make_comparison_table(rows), comparison.make_pooled_comparison_table(rows)]
    compared = [one for one in methods if one.name in _BY_ASPECT]
    tables += [
        comparison.make_aspect_table(name, names, whole_set.off, compared) for name, names in whole_set.aspects.items()
    ]
    for table in tables:
        print_table(table, console)
    console.print(f"wrote comparison.json, predictions.csv and roc.png in {output}", soft_wrap=True)


def _run_pixel_classifiers(whole_set: "WholeSet", seed: int, output: Path, progress: Progress) -> "list[Method]":
    from training.baseline.run import (  # noqa: PLC0415
        BASELINE_NAMES,
        KMEANS_MASK,
        BaselineSettings,
        fewest_to_train_on,
        run_baseline,
    )

    settings = BaselineSettings(
        name=whole_set.name,
        digest=whole_set.digest(),
        datasets=len(whole_set.datasets),
        folds=whole_set.folds,
        seed=seed,
    )
    open_resumable_run(output, settings, "baseline")
    names = BASELINE_NAMES if fewest_to_train_on(whole_set) > 1 else (KMEANS_MASK,)
    if names != BASELINE_NAMES:
        progress.console.print(
            "pixel classifiers are left out: they need two training datasets in every fold, and a fold has one"
        )
    task = progress.add_task("fitting pixel classifiers", total=whole_set.folds * len(names))

    def report(fold: int, name: str) -> None:
        progress.advance(task)
        progress.update(task, description=f"fold {fold} of {whole_set.folds}: {name}")

    return run_baseline(whole_set, seed, output, report, names)


def _run_networks(
    whole_set: "WholeSet",
    grouping: "Grouping",
    chosen: tuple[int, int | None, int],
    output: Path,
    progress: Progress,
) -> "Sequence[Method]":
    """Network, context network and blend; `chosen` are members, epochs and seed."""
    import_tensorflow_quietly()
    from training.baseline.networks import describe_networks, fold_in_context, run_networks  # noqa: PLC0415

    members, epochs, seed = chosen
    folded = fold_in_context(whole_set, grouping)
    settings = describe_networks(folded, members=members, epochs=epochs, seed=seed)
    total = sum(one.folds * one.members * one.recipe.epochs for one in settings.values())
    task = progress.add_task("fitting networks", total=total)

    def report(fold: int, _: int, row: "EpochRow") -> None:
        progress.advance(task)
        progress.update(task, description=f"fold {fold} of {whole_set.folds}: network {row.member}, epoch {row.epoch}")

    found = run_networks(folded, settings, output, report)
    (output / "blend.json").write_text(found.blend.model_dump_json(indent=2) + "\n", encoding="utf-8")
    progress.console.print(f"wrote {output / 'blend.json'}, for publish --blend", soft_wrap=True)
    return found.methods


def _load(  # noqa: PLR0913 - options of a command
    path: str,
    datasets: int | None,
    ions: int | None,
    requested: int | None,
    seed: int,
    grouping: "Grouping",
    on_progress: ProgressCallback,
) -> "tuple[WholeSet, str]":
    """The datasets in folds, and the reason for the number of folds."""
    from training.acquisitions.labelled_inputs import load_labelled_inputs  # noqa: PLC0415
    from training.baseline.whole_set import draw_whole_set, group_labelled  # noqa: PLC0415
    from training.cross_validation.folded_set import choose_labelled_folds, choose_synthetic_folds  # noqa: PLC0415
    from training.synthetic.mixture import load_training_mixture  # noqa: PLC0415
    from training.synthetic.sources import load_sources, split_sources  # noqa: PLC0415

    if path == _SYNTHETIC:
        count = datasets or _DATASETS
        sources, _ = split_sources(load_sources())  # the others are for the benchmark
        folds, why = choose_synthetic_folds(requested, min(_MOST_FOLDS, count), sources, grouping)
        drawn = draw_whole_set(
            sources,
            load_training_mixture(),
            datasets=count,
            ions=ions or _IONS,
            folds=folds,
            seed=seed,
            grouping=grouping,
            on_progress=on_progress,
        )
        return drawn, why
    if datasets is not None or ions is not None:
        raise InvalidInputError(
            f"--datasets and --ions count semi-synthetic data; expected {_SYNTHETIC!r} as PATH with them, got {path}"
        )
    labelled_set = load_labelled_inputs([Path(path)], on_progress=on_progress)
    folds, why = choose_labelled_folds(requested, _MOST_FOLDS, labelled_set.datasets, grouping)
    return group_labelled(labelled_set, folds, grouping), why


def _write(output: Path, whole_set: "WholeSet", methods: "Sequence[Method]", rows: "Sequence[MethodRow]") -> None:
    from training.cross_validation import comparison  # noqa: PLC0415
    from training.reports.html_page import render_png  # noqa: PLC0415

    content = {
        "data": whole_set.name,
        "datasets": len(whole_set.datasets),
        "images": len(whole_set.off),
        "off": int(whole_set.off.sum()),
        "folds": whole_set.folds,
        "positive_class": "off",
        "methods": comparison.comparison_as_json(rows),
    }
    (output / "comparison.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    (output / "roc.png").write_bytes(render_png(comparison.draw_comparison(whole_set.off, methods)))
    with (output / "predictions.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        columns = [f"{method.name}: {what}" for method in methods for what in ("score", "label")]
        writer.writerow(("dataset", "label", "fold", *columns))
        for row, off in enumerate(whole_set.off.tolist()):
            predictions = [(f"{one.scores[row]:.6g}", _label(off=bool(one.predicted_off[row]))) for one in methods]
            dataset = whole_set.datasets[whole_set.dataset_of[row]].name
            writer.writerow(
                (dataset, _label(off=off), int(whole_set.fold_of[row]) + 1, *(x for pair in predictions for x in pair))
            )


def _label(*, off: bool) -> str:
    return "off" if off else "on"
