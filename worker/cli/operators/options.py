"""Options that the operators' commands share, and how they reach the queue."""

import getpass
import os
import re
import socket
from typing import Annotated

import typer

from worker.operators.queue import Queue
from worker.settings import Settings

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


def parse_duration(text: str) -> float:
    """Seconds of a duration such as 90s, 30m, 12h or 7d; a number alone, which may mean days, is an error."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]+)", text.strip().lower())
    if found is None or found[2] not in _SECONDS:
        raise typer.BadParameter(f"expected a duration with its unit, such as 90s, 30m, 12h or 7d, got {text!r}")
    return float(found[1]) * _SECONDS[found[2]]


Source = Annotated[str | None, typer.Option(help="Only events of this source.")]
OlderThan = Annotated[
    float | None,
    typer.Option(parser=parse_duration, metavar="DURATION", help="Only what is older: 90s, 30m, 12h, 7d."),
]


def open_queue(settings: Settings | None = None) -> Queue:
    """The queue that the settings name."""
    settings = settings or Settings.read()
    return Queue(settings.connect(), settings.names)


def name_operator() -> str:
    """Who runs this command, for answers and logs: `<user>@<host>/<pid>/offsample`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}/{os.getpid()}/offsample"
