"""The training command line: fit, evaluate, publish, look."""
# ruff: noqa: PLC0415 - each command imports what it needs: TensorFlow takes seconds, and --help and errors none

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.errors import OffSampleError
from training.commands.baseline import baseline
from training.commands.benchmark import benchmark
from training.commands.cross_validate import cross_validate
from training.commands.explore import explore
from training.commands.fit import fit
from training.commands.gold_standard_like import write_gold_standard_like
from training.commands.sample_masks import fit_mask_rule, sample_masks
from training.commands.search_recipes import search_recipes
from training.commands.summary import summary
from training.commands.windows import windows
from training.quiet_tensorflow import import_tensorflow_quietly

app = typer.Typer(
    help="Make and judge releases.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
console = Console(width=None if sys.stdout.isatty() else 120)
app.command()(fit)
app.command()(summary)
app.command()(benchmark)
app.command("search-recipes")(search_recipes)
app.command("cross-validate")(cross_validate)
app.command()(explore)
app.command()(baseline)
app.command("sample-masks")(sample_masks)
app.command("fit-mask-rule")(fit_mask_rule)
app.command()(windows)
app.command("write-gold-standard-like")(write_gold_standard_like)


@app.command()
def evaluate(
    release: Annotated[str | None, typer.Option(help="Version; the default release when left out.")] = None,
    only: Annotated[list[str] | None, typer.Option("--set", help="Name of a real set; all when left out.")] = None,
    *,
    benchmark: Annotated[bool, typer.Option("--benchmark", help="The frozen benchmark too (a minute).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
) -> None:
    """Judge a release, and the untrained rule, on each real set on its own."""
    from model_store.release import open_release
    from training.benchmark.frozen_set import draw_frozen_set
    from training.benchmark.release_figures import run_on_benchmark
    from training.evaluate import evaluate_release
    from training.evaluation_table import figures_as_json, print_benchmark, print_figures
    from training.looks import log_look
    from training.real_sets import load_real_sets

    opened = open_release(release)
    rows = evaluate_release(opened, load_real_sets(only))
    log_look(opened, rows)
    found = run_on_benchmark(opened, draw_frozen_set()) if benchmark else None
    if as_json:
        typer.echo(figures_as_json(rows, found))
        return
    print_figures(rows, console)
    if found is not None:
        print_benchmark(found, console)


@app.command()
def publish(
    run: Annotated[Path, typer.Argument(help="Run folder of a finished fit.")],
    version: Annotated[str, typer.Option(help="Version of the new release, such as 2026.11.1.")],
    cross_validation: Annotated[
        Path | None, typer.Option(help="Finished cross-validation that temperature and doubt are taken from.")
    ] = None,
    blend: Annotated[
        Path | None, typer.Option(help="blend.json of a `baseline` run, for networks that see the context.")
    ] = None,
    plain: Annotated[str | None, typer.Option(help="Release whose members join networks that see the context.")] = None,
    *,
    default: Annotated[bool, typer.Option("--default", help="Make it the default release.")] = False,
) -> None:
    """Turn a finished run into a verified release."""
    import_tensorflow_quietly()
    from model_store.release import open_release, read_blend
    from training.benchmark.frozen_set import draw_frozen_set
    from training.decision import UNDECIDED, decide
    from training.evaluation_table import print_figures
    from training.looks import log_look
    from training.publish import Evidence, publish_release, require_publishable
    from training.real_sets import load_real_sets
    from training.run_folder import RunFolder

    finished = RunFolder(run)
    evidence = Evidence(
        decision=UNDECIDED if cross_validation is None else decide(cross_validation),
        blend=None if blend is None else read_blend(blend),
        plain=None if plain is None else open_release(plain),
    )
    require_publishable(finished, evidence)
    evidence = replace(evidence, real_sets=load_real_sets(), frozen=draw_frozen_set())
    release, rows = publish_release(finished, version, evidence, default=default)
    log_look(release, rows)
    print_figures(rows, console)
    console.print(f"published {release.version} in {release.folder}", soft_wrap=True)


@app.command("synthetic-sheet")
def synthetic_sheet(
    output: Annotated[Path, typer.Option(help="PNG to write.")] = Path("runs/synthetic-sheet.png"),
    seed: Annotated[int, typer.Option(min=0)] = 1,
    mixture: Annotated[str, typer.Option(help="Name of the mixture.")] = "training-2",
) -> None:
    """Draw semi-synthetic ion images beside real ones."""
    from training.synthetic.mixture import load_training_mixture
    from training.synthetic.sheet import write_sheet
    from training.synthetic.sources import load_sources

    write_sheet(load_sources(), load_training_mixture(mixture), seed, output)
    console.print(f"wrote {output}: green = on, red = off, orange = ambiguous, blue = real", soft_wrap=True)


def main() -> None:
    """Run a command; an error of ours is one sentence and exit status 1."""
    try:
        app()
    except OffSampleError as error:
        Console(stderr=True).print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
