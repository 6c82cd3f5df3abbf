"""`offsample health`: whether this host's worker is alive, for a container's health check."""

import socket
from typing import Annotated, Any

import typer
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from shared.errors import ConfigurationError, TransientError
from worker.server.outage import describe_server_error
from worker.server.url import without_password

app = typer.Typer(add_completion=False)


@app.command()
def health(
    name: Annotated[str | None, typer.Option(help="The worker's --name; default: any worker of this host.")] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for its answer.")] = 5.0,
) -> None:
    """Check that the worker of this host answers and has live pool children; the exit code is non-zero otherwise."""
    host = socket.gethostname()
    replies = {
        worker: children
        for worker, children in _ask(f"{name}@{host}" if name else None, timeout).items()
        if worker.endswith(f"@{host}") and isinstance(children, list)
    }
    if not replies:
        raise TransientError(
            f"no worker {name + ' ' if name else ''}of host {host} answers within {timeout:g} s; expected one, started"
            f" by `offsample worker{f' --name {name}' if name else ''}`"
        )
    for worker, children in sorted(replies.items()):
        alive = sum(child["alive"] for child in children)
        if not alive:
            raise TransientError(
                f"{worker} answers, but none of its {len(children)} pool children is alive; expected at least one"
            )
        typer.echo(f"{worker} is alive; {alive} of {len(children)} pool children are alive")


def _ask(worker: str | None, timeout_seconds: float) -> dict[str, Any]:
    """The workers' answers by name; returns as soon as a named worker has answered."""
    from worker.app import CHILDREN_COMMAND, app  # noqa: PLC0415 - takes half a second, and only this command needs it

    limits: dict[str, Any] = {} if worker is None else {"destination": [worker], "limit": 1}
    try:
        replies = app.control.broadcast(CHILDREN_COMMAND, reply=True, timeout=timeout_seconds, **limits)
    except (OperationalError, RedisError) as error:
        cause = error if isinstance(error, RedisError) else error.__cause__
        where = without_password(app.settings.redis_url)
        sentence = describe_server_error(cause, where) if isinstance(cause, RedisError) else f"server {where}: {error}"
        raise ConfigurationError(sentence) from error
    return {worker: answer for reply in replies or [] for worker, answer in reply.items()}
