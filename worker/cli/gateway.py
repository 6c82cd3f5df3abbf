"""`offsample gateway`: take events from Celery applications until it is stopped."""

from typing import Annotated

import typer

from worker.gateway.serve import run_gateway
from worker.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def gateway(
    name: Annotated[str | None, typer.Option(help="Name on this host; default: offsample-gateway-<pid>.")] = None,
) -> None:
    """Take events from Celery applications (docs/messages.md), check them, and add them to the queue."""
    raise typer.Exit(run_gateway(Settings.read(), name))
