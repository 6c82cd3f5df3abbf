"""`offsample drift`: whether recent datasets are like those that the release was made with, or like earlier ones."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.errors import InvalidInputError
from worker.cli.operators.options import open_queue, parse_duration
from worker.cli.outputs.json_output import AsJson
from worker.operators.drift import Against, Drift, DriftVerdict
from worker.operators.recent_profiles import (
    WINDOW_DATASETS,
    RecentProfile,
    compare_with_earlier,
    compare_with_reference,
    read_recent_profiles,
)
from worker.settings import Settings

EXIT_CODES = {DriftVerdict.UNMOVED: 0, DriftVerdict.MOVED: 4, DriftVerdict.UNDECIDED: 5}
_PIPED_COLUMNS = 140

app = typer.Typer(add_completion=False)


@app.command()
def drift(
    release: Annotated[str | None, typer.Option(help="Default: the worker's release.")] = None,
    against: Annotated[
        Against, typer.Option(help="The release's reference, or the datasets before the recent ones.")
    ] = Against.RELEASE,
    datasets: Annotated[int, typer.Option(min=1, help="How many recent datasets at most.")] = WINDOW_DATASETS,
    since: Annotated[
        float | None,
        typer.Option(parser=parse_duration, metavar="DURATION", help="Only datasets of the last 12h, 7d, …"),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare recent datasets with the release's reference. Exit codes: 0 nothing moved, 4 moved, 5 too few."""
    settings = Settings.read()
    opened = settings.open_release(release)
    queue = open_queue(settings)
    profiles = read_recent_profiles(queue.server, queue.names)
    since_ms = 0 if since is None else queue.now_ms() - int(since * 1000)
    most = min(datasets, _count(profiles, opened.version, since_ms))
    if against is Against.EARLIER:
        found = compare_with_earlier(opened.version, profiles, most)
    else:
        reference = opened.find_reference()
        if reference is None:
            raise InvalidInputError(
                f"release {opened.version} has no reference; expected one to compare with, or --against earlier"
            )
        found = compare_with_reference(opened.version, profiles, reference, most)
    _print(found, as_json=as_json)
    raise typer.Exit(EXIT_CODES[found.verdict])


def _count(profiles: list[RecentProfile], release: str, since_ms: int) -> int:
    return sum(one.release == release and one.classified_ms >= since_ms for one in profiles)


def _print(found: Drift, *, as_json: bool) -> None:
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _PIPED_COLUMNS)
    console.print(found.sentence, markup=False)
    if found.features:
        console.print(_make_table(found))


def _make_table(found: Drift) -> Table:
    table = Table("feature", "before", "now", "distance", "p")
    for one in found.features:
        numbers = [f"{one.before:.4g}", f"{one.now:.4g}", f"{one.distance:.3f}", f"{one.p_value:.2g}"]
        table.add_row(one.feature, *numbers, style="bold yellow" if one.moved else None)
    return table
