"""`offsample releases active|activate`: the release of all workers, switched without a restart."""
# ruff: noqa: PLC0415 - the other commands on releases are on files, and import nothing of the service

from typing import Annotated

import typer

from shared.errors import InvalidInputError
from worker.cli.outputs.json_output import AsJson, print_json

_BY_SETTINGS = "none: each worker's OFFSAMPLE_RELEASE, or its default"


def active(*, as_json: AsJson = False) -> None:
    """Show the release that is active on all workers, for events that name none."""
    from worker.cli.operators.options import open_queue
    from worker.operators.activation import read_activation

    found = read_activation(open_queue())
    if as_json:
        print_json(found)
        return
    by = f" (by {found.by}; before: {found.previous or _BY_SETTINGS})" if found.by else ""
    typer.echo(f"active: {found.version or _BY_SETTINGS}{by}")


def activate(
    version: Annotated[str | None, typer.Argument(help="A release that is installed on every worker.")] = None,
    *,
    previous: Annotated[bool, typer.Option("--previous", help="Instead: go back to what was active before.")] = False,
    as_json: AsJson = False,
) -> None:
    """Classify events that name no release with this one, on all workers, without a restart."""
    if (version is None) != previous:
        raise InvalidInputError("expected either a version or --previous")
    from worker.cli.operators.options import name_operator, open_queue
    from worker.operators.activation import activate_previous, activate_release

    queue, by = open_queue(), name_operator()
    found = activate_previous(queue, by) if version is None else activate_release(queue, version, by)
    if as_json:
        print_json(found)
    else:
        what = "activated" if found.changed else "was active before"
        typer.echo(f"{what}: {found.activation.version or _BY_SETTINGS}")
