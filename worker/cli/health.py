"""`offsample health`: does a worker answer? For a container's health check."""

import socket
from typing import Annotated

import typer
from kombu.exceptions import OperationalError

from shared.errors import ConfigurationError, TransientError
from worker.server_url import without_password

app = typer.Typer(add_completion=False)


@app.command()
def health(
    name: Annotated[str | None, typer.Option(help="The worker's --name; default: any worker of this host.")] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for its answer.")] = 5.0,
) -> None:
    """Ask the worker of this host for a sign of life; non-zero exit when it gives none."""
    from worker.app import app  # noqa: PLC0415 - half a second that other commands need not wait

    host = socket.gethostname()
    try:
        if name:
            replies = app.control.ping(destination=[f"{name}@{host}"], timeout=timeout, limit=1)  # waits for no other
        else:
            replies = app.control.ping(timeout=timeout)
    except OperationalError as error:
        raise ConfigurationError(
            f"server {without_password(app.settings.redis_url)} does not answer ({error}); right would be"
            " OFFSAMPLE_REDIS_URL naming a running one"
        ) from error
    alive = sorted(worker for reply in replies or [] for worker in reply if worker.endswith(f"@{host}"))
    if not alive:
        raise TransientError(
            f"no worker {name + ' ' if name else ''}of host {host} answers within {timeout:g} s; right would be one"
            " started by `offsample worker` (with the same --name)"
        )
    typer.echo(f"{', '.join(alive)} is alive")
