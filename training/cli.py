"""The training command line: fit, evaluate, publish, explore."""
# ruff: noqa: PLC0415 - each command imports what it needs: TensorFlow takes seconds, and --help and errors need none of it

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from shared.errors import OffSampleError
from training.commands.baseline import baseline
from training.commands.benchmark import benchmark
from training.commands.compare_datasets import compare_datasets
from training.commands.cross_validate import cross_validate
from training.commands.describe import describe
from training.commands.evaluate import evaluate
from training.commands.explore import explore
from training.commands.fit import fit
from training.commands.fit_area import fit_area
from training.commands.gold_standard_like import write_gold_standard_like
from training.commands.publish import publish
from training.commands.publish_area import publish_area
from training.commands.reference import reference
from training.commands.sample_masks import fit_mask_rule, sample_masks
from training.commands.search_recipes import search_recipes
from training.commands.summary import summary
from training.commands.windows import windows

app = typer.Typer(
    help="Make and evaluate releases.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
console = Console(width=None if sys.stdout.isatty() else 120)
app.command()(fit)
app.command()(summary)
app.command()(benchmark)
app.command("search-recipes")(search_recipes)
app.command("cross-validate")(cross_validate)
app.command()(evaluate)
app.command()(publish)
app.command("fit-area")(fit_area)
app.command("publish-area")(publish_area)
app.command()(reference)
app.command()(describe)
app.command()(explore)
app.command()(baseline)
app.command("sample-masks")(sample_masks)
app.command("fit-mask-rule")(fit_mask_rule)
app.command()(windows)
app.command("compare-datasets")(compare_datasets)
app.command("write-gold-standard-like")(write_gold_standard_like)


@app.command("synthetic-gallery")
@app.command("synthetic-sheet", hidden=True)  # its earlier name
def synthetic_gallery(
    output: Annotated[Path, typer.Option(help="PNG to write.")] = Path("runs/synthetic-gallery.png"),
    seed: Annotated[int, typer.Option(min=0)] = 1,
    mixture: Annotated[str, typer.Option(help="Name of the mixture.")] = "training-2",
) -> None:
    """Draw semi-synthetic and real ion images side by side."""
    from training.synthetic.gallery import write_synthetic_gallery
    from training.synthetic.mixture import load_training_mixture
    from training.synthetic.sources import load_sources

    write_synthetic_gallery(load_sources(), load_training_mixture(mixture), seed, output)
    console.print(f"wrote {output}: green = on, red = off, orange = ambiguous, blue = real", soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; an `OffSampleError`, or an error of a disk, becomes one sentence and exit status 1.

    Parameters
    ----------
    arguments
        Without the program's name; None = those of the process.
    """
    try:
        app(args=None if arguments is None else list(arguments))
    except OffSampleError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"cannot read or write {error.filename or 'a file'}: {error.strerror or error}")


def _fail(sentence: str) -> NoReturn:
    Console(stderr=True).print(f"error: {sentence}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)
