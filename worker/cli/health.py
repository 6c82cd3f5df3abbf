"""`offsample health`: does a worker answer? For a container's health check."""

import socket
from typing import Annotated

import typer

from shared.errors import TransientError


def health(
    name: Annotated[str, typer.Option(help="The worker's --name.")] = "offsample",
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for its answer.")] = 5.0,
) -> None:
    """Ask the worker of this host for a sign of life; non-zero exit when it gives none."""
    from worker.app import app  # noqa: PLC0415 - half a second that other commands need not wait

    destination = f"{name}@{socket.gethostname()}"
    if not app.control.ping(destination=[destination], timeout=timeout):
        raise TransientError(f"worker {destination} does not answer within {timeout:g} s")
    typer.echo(f"{destination} is alive")
