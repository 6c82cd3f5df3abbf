"""`offsample init`: a settings file to fill in."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.errors import InvalidInputError
from shared.files.whole_file import write_whole
from worker.cli.outputs.output_path import require_output_folder
from worker.settings_table import make_settings_file

app = typer.Typer(add_completion=False)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="The new file.")] = Path("offsample.env"),
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write a file with every setting, what it means and its default; `offsample --env-file FILE` reads it."""
    if path.exists() and not force:
        raise InvalidInputError(f"{path} exists; expected a new name, or --force to replace it")
    require_output_folder(path, "the settings file")
    with write_whole(path) as partial:
        partial.write_text(make_settings_file(), encoding="utf-8")
        partial.chmod(0o600)  # it is made to hold the server's password and the API key
    Console(stderr=True, highlight=False).print(f"settings: {path}", markup=False, soft_wrap=True)
