"""`offsample queue status|top|pause|resume`: what the queue holds, and whether workers take from it."""

import sys
import time
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer
from pydantic import BaseModel
from redis.exceptions import RedisError
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from worker.cli.operators.options import name_operator, open_queue
from worker.cli.outputs.durations import describe_seconds
from worker.cli.outputs.json_output import AsJson, print_json
from worker.cli.outputs.status_tables import make_status_tables
from worker.operators.intake import Pause, pause_intake, resume_intake
from worker.operators.queue import Queue
from worker.operators.status import read_status

_PIPED_COLUMNS = 140

app = typer.Typer(help="Show and steer the queue.", no_args_is_help=True, add_completion=False)


class _Intake(BaseModel):
    """What `pause` and `resume` print with --json."""

    pause: Pause | None
    changed: bool


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """Show the backlog, running events, dead letters, results, memory and workers."""
    found = read_status(open_queue())
    if as_json:
        print_json(found)
    else:
        _open_console().print(make_status_tables(found))


@app.command()
def top(
    interval: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 1.0,
) -> None:
    """Show the status continuously, until Ctrl+C; changes nothing. In a pipe or file, one look follows the other."""
    queue, console = open_queue(), _open_console()
    if not sys.stdout.isatty():
        _look_repeatedly(queue, interval, console.print)
    with Live(console=console, screen=True, auto_refresh=False) as live:
        _look_repeatedly(queue, interval, lambda seen: live.update(seen, refresh=True))


def _look_repeatedly(queue: Queue, interval: float, show: Callable[[RenderableType], None]) -> NoReturn:
    """Show the status indefinitely; only the first look needs a server that serves."""
    show(make_status_tables(read_status(queue)))
    while True:
        time.sleep(interval)
        try:
            show(make_status_tables(read_status(queue)))
        except RedisError as error:
            show(Text(f"server does not serve: {error}"))


def _open_console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_COLUMNS)


@app.command()
def pause(
    reason: Annotated[str, typer.Option(help="Why, for other operators.")] = "", *, as_json: AsJson = False
) -> None:
    """Let no worker claim an event until `resume`; running events finish. It survives restarts."""
    queue = open_queue()
    found, changed = pause_intake(queue, name_operator(), reason)
    if as_json:
        print_json(_Intake(pause=found, changed=changed))
    elif changed:
        typer.echo("paused: no worker claims an event until `offsample queue resume`")
    else:
        age = describe_seconds((queue.now_ms() - found.since_ms) / 1000)
        typer.echo(
            f"already paused {age} ago, by {found.by}{f' ({found.reason})' if found.reason else ''}; nothing changed"
        )


@app.command()
def resume(*, as_json: AsJson = False) -> None:
    """Let workers claim events again."""
    changed = resume_intake(open_queue())
    if as_json:
        print_json(_Intake(pause=None, changed=changed))
    else:
        typer.echo("resumed: workers claim events" if changed else "was not paused: workers claim events")
