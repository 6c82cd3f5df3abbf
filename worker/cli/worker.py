"""`offsample worker`: run a worker until it is told to stop."""

from typing import Annotated

import typer

from worker.serve import serve
from worker.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def worker(
    name: Annotated[str | None, typer.Option(help="Name on this host; default: offsample-<pid>.")] = None,
) -> None:
    """Run a worker. It verifies release and server first; SIGTERM lets it finish what it runs."""
    raise typer.Exit(serve(Settings.read(), name))
