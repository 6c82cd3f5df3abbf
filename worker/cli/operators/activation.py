"""`offsample releases active|activate`: the release of all workers, switched without a restart."""
# ruff: noqa: PLC0415 - the other commands on releases are on files, and import nothing of the service

from typing import Annotated

import typer

from worker.cli.outputs.json_output import AsJson, print_json

_NONE = "none; each worker uses the release of its own settings"


def active(*, as_json: AsJson = False) -> None:
    """Show the release that is active on all workers, for events that name none."""
    from worker.cli.operators.options import open_queue
    from worker.operators.activation import read_activation

    found = read_activation(open_queue())
    if as_json:
        print_json(found)
        return
    typer.echo(f"active: {found.version or _NONE}")
    if found.by:
        typer.echo(f"activated by {found.by}; active before: {found.previous or _NONE}")


def activate(
    version: Annotated[str | None, typer.Argument(help="A release that every worker can use.")] = None,
    *,
    previous: Annotated[
        bool, typer.Option("--previous", help="Go back to what was active before; a second time returns from there.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also when no worker is alive, or one reports that it cannot use it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Classify events that name no release with this one, on all workers, without a restart."""
    if (version is None) != previous:
        raise typer.BadParameter("expected either a version or --previous")
    from worker.cli.operators.options import name_operator, open_queue
    from worker.operators.activation import activate_previous, activate_release

    queue, by = open_queue(), name_operator()
    if version is None:
        found = activate_previous(queue, by, force=force)
    else:
        found = activate_release(queue, version, by, force=force)
    if as_json:
        print_json(found)
    elif found.changed:
        typer.echo(f"active: {found.activation.version or _NONE}")
        typer.echo(f"active before: {found.activation.previous or _NONE} (`--previous` goes back to it)")
    else:
        typer.echo(f"{found.activation.version or _NONE} was active already; nothing changed")
