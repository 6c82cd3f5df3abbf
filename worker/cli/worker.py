"""`offsample worker`: run a worker until it is stopped."""

from typing import Annotated

import typer

from worker.serve import serve
from worker.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def worker(
    name: Annotated[str | None, typer.Option(help="Name on this host; default: offsample-<pid>.")] = None,
) -> None:
    """Run a worker. It first verifies the release and the server; on SIGTERM it finishes the running event."""
    raise typer.Exit(serve(Settings.read(), name))
