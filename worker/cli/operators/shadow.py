"""`offsample releases shadow`: a release that classifies answered events once more, to be compared."""
# ruff: noqa: PLC0415 - the other commands on releases are on files, and import nothing of the service

from typing import Annotated

import typer

from worker.cli.outputs.json_output import AsJson, print_json


def shadow(
    version: Annotated[str | None, typer.Argument(help="A release that is installed on every worker.")] = None,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of events to classify twice, chosen at random.")
    ] = 1.0,
    *,
    off: Annotated[bool, typer.Option("--off", help="Stop the shadow release.")] = False,
    as_json: AsJson = False,
) -> None:
    """Classify answered events with this release too, and log and count where it differs; without one, show it."""
    if version is not None and off:
        raise typer.BadParameter("expected either a version or --off, got both")
    from worker.cli.operators.options import name_operator, open_queue
    from worker.operators.shadowing import end_shadow, read_shadow, start_shadow

    queue = open_queue()
    if off:
        end_shadow(queue)
    found = read_shadow(queue) if version is None else start_shadow(queue, version, share, name_operator())
    if as_json:
        print_json(found)
    elif found.version is None:
        typer.echo("shadow: none")
    else:
        typer.echo(f"shadow: {found.version}, for {found.share:.0%} of the events (by {found.by})")
