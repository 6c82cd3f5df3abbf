"""`python -m training sample-masks` and `fit-mask-rule`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.progress import ProgressCallback
from shared.progress_bar import show_progress

if TYPE_CHECKING:
    from training.sample_masks.mask_scores import MaskEvaluation, MaskSummary
    from training.sample_masks.masked_datasets import MaskedDataset
    from training.synthetic.sources import Sources

_ION_CLASSES = ((1, 2), (3, 5), (6, 15), (16, 50), (51, 150))
_CONFIDENCE_CLASSES = ((0.0, 0.5), (0.5, 0.8), (0.8, 1.0))


def sample_masks(
    datasets: Annotated[int, typer.Option(min=1, help="Whole semi-synthetic datasets to predict.")] = 150,
    seed: Annotated[int, typer.Option(min=0)] = 102,
    output: Annotated[Path | None, typer.Option(help="JSON file for the scores.")] = None,
) -> None:
    """Compare predicted sample masks with the true ones, on sources that the mask rule was not fitted on."""
    from training.real_sets import load_real_sets  # noqa: PLC0415
    from training.sample_masks.mask_scores import (  # noqa: PLC0415 - takes seconds to import, and --help none
        evaluate_masks,
        summarise_masks,
        summarise_verdicts,
    )
    from training.sample_masks.real_verdicts import SET_WITH_AREA, SETS_WITHOUT_AREA, evaluate_real_verdicts  # noqa: PLC0415
    from training.synthetic.sources import load_sources, split_sources  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 120)
    _, validation = split_sources(load_sources())
    with show_progress(console=console) as on_progress:
        evaluations = evaluate_masks(_draw(validation, datasets, seed, on_progress), on_progress)
    parts = _part(evaluations)
    scores = {name: summarise_masks(rows) for name, rows in parts.items()}
    _print(scores, console)
    verdicts = summarise_verdicts(evaluations)
    low, high = verdicts.accuracy_ci
    console.print(
        f"off_sample_area: {verdicts.correct} of {verdicts.datasets} verdicts correct (95 % over masks and textures"
        f" {low:.3f}-{high:.3f}); {verdicts.absent_found} of {verdicts.absent} absent ones found,"
        f" {verdicts.present_found} of {verdicts.datasets - verdicts.absent} present ones",
        soft_wrap=True,
    )
    real = list(evaluate_real_verdicts(load_real_sets([SET_WITH_AREA, *SETS_WITHOUT_AREA])))
    for one in real:
        console.print(
            f"real acquisition {one.acquisition}, {one.ions} ions: off-sample area is {one.truth}, predicted {one.says}"
            f" (confidence {one.confidence:.2f})",
            soft_wrap=True,
        )
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "masks": {name: asdict(one) for name, one in scores.items()},
            "verdicts": asdict(verdicts),
            "real_acquisitions": [asdict(one) for one in real],
        }
        output.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        console.print(f"wrote {output}", soft_wrap=True)


def fit_mask_rule(
    datasets: Annotated[int, typer.Option(min=20, help="Whole semi-synthetic datasets to fit on.")] = 400,
    seed: Annotated[int, typer.Option(min=0)] = 101,
) -> None:
    """Fit the weights of the mask rule on training sources and print them, for model_store/context/mask_rule.py."""
    from training.sample_masks import rule_fit  # noqa: PLC0415 - takes seconds to import, and --help none
    from training.synthetic.sources import load_sources, split_sources  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 120)
    training, _ = split_sources(load_sources())
    with show_progress(console=console) as on_progress:
        rule = rule_fit.fit_mask_rule(_draw(training, datasets, seed, on_progress), on_progress)
    for name, weights in (("ranking", rule.ranking), ("presence", rule.presence)):
        console.print(f"{name}: " + ", ".join(f"{key} {weight:.3f}" for key, weight in weights.items()), soft_wrap=True)
    console.print(f"presence_intercept: {rule.presence_intercept:.3f}")


def _draw(sources: "Sources", datasets: int, seed: int, on_progress: ProgressCallback) -> "list[MaskedDataset]":
    from training.sample_masks.masked_datasets import draw_masked_datasets  # noqa: PLC0415
    from training.synthetic.mixture import load_training_mixture  # noqa: PLC0415

    return draw_masked_datasets(sources, load_training_mixture(), datasets, seed, on_progress)


def _part(evaluations: "Sequence[MaskEvaluation]") -> "dict[str, list[MaskEvaluation]]":
    """All, those with an off-sample area, those by number of ions and by confidence; empty parts are left out."""
    parts = {"all datasets": list(evaluations)}
    parts["with off-sample area"] = [one for one in evaluations if one.has_off_sample_area]
    for fewest, most in _ION_CLASSES:
        parts[f"{fewest}-{most} ions"] = [one for one in evaluations if fewest <= one.ions <= most]
    for low, high in _CONFIDENCE_CLASSES:
        parts[f"confidence {low}-{high}"] = [one for one in evaluations if low < one.confidence <= high]
    return {name: rows for name, rows in parts.items() if rows}


def _print(scores: "dict[str, MaskSummary]", console: Console) -> None:
    table = Table(title="Predicted against true sample masks: intersection over union (95 % over masks and textures)")
    for heading in ("", "datasets", "mean", "median", "above .8"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, row in scores.items():
        shares = (
            (row.mean, row.mean_95),
            (row.median, row.median_95),
            (row.good / row.datasets, row.good_95),
        )
        table.add_row(
            name, str(row.datasets), *(f"{value:.3f} ({low:.3f}-{high:.3f})" for value, (low, high) in shares)
        )
    console.print(table)
