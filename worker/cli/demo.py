"""`offsample demo`: a real dataset through a queue, with a server and a worker that run for the demo only."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from worker.cli.demo_run import run_demo

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    output: Annotated[Path, typer.Option(help="Folder for the gallery.")] = Path("offsample-demo"),
) -> None:
    """Classify the real mouse bladder dataset through a real queue, and show the results."""
    started = time.monotonic()
    console = Console(highlight=False)
    gallery = run_demo(output, console)
    console.print(f"gallery: {gallery}", markup=False)
    console.print(f"done in {time.monotonic() - started:.1f} s; server and worker are stopped, their data is deleted")
