"""`offsample`: the command line, and how it reports errors."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.errors import ConfigurationError, OffSampleError, ReleaseError
from worker.cli.commands import LazyCommands

EXIT_INPUT, EXIT_DEPLOYMENT, EXIT_INTERRUPTED = 1, 3, 130


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        typer.echo(f"offsample {version('offsample')}")
        raise typer.Exit


app = typer.Typer(
    name="offsample",
    cls=LazyCommands,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


_FIRST_STEPS = """\
offsample demo                                    a real dataset through a real queue, to see what it does
offsample classify my.imzML --report page.html    which of your ion images are off-sample, as a page to look through
offsample doctor                                  whether a worker could work here, and what to change
offsample --help                                  all commands; offsample COMMAND --help explains one"""


@app.callback()
def _options(
    context: typer.Context,
    *,
    show_version: Annotated[  # noqa: ARG001 - its callback prints it
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit."),
    ] = False,
    env_file: Annotated[
        Path | None,
        typer.Option(help="Read settings from this file (`offsample init`); the environment comes first."),
    ] = None,
) -> None:
    """Off-sample recognition for imaging mass spectrometry."""
    if env_file is not None:
        from worker.cli.settings_file import read_settings_file  # noqa: PLC0415 - only where it is used

        read_settings_file(env_file)
    _report_unknown_settings()
    if context.invoked_subcommand is None:
        typer.echo(_FIRST_STEPS)


def main() -> None:
    """Run one command; an error is printed as one sentence with a non-zero exit code, never as a traceback."""
    try:
        with _ended_by_sigterm():
            app()
    except SystemExit:  # how typer exits; first, because the last clause imports redis
        raise
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except (ReleaseError, ConfigurationError) as error:
        _print_error(str(error))
        sys.exit(EXIT_DEPLOYMENT)
    except OffSampleError as error:
        _print_error(str(error))
        sys.exit(EXIT_INPUT)
    except OSError as error:
        _print_error(f"cannot read or write {error.filename or 'output'}: {error.strerror}")
        sys.exit(EXIT_INPUT)
    except _server_error() as error:
        _print_error(_describe_server_error(error))
        sys.exit(EXIT_DEPLOYMENT)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends a command as Ctrl+C does, so that nothing half written stays; a worker drains instead."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _report_unknown_settings() -> None:
    """Print a line for each OFFSAMPLE_ variable that is not a setting; a misspelt one is an error later."""
    if any(name.startswith("OFFSAMPLE_") for name in os.environ):
        from worker.settings import unknown_variables  # noqa: PLC0415 - most commands on files need no settings

        for name, near in unknown_variables().items():
            if near is None:
                _print_error(f"{name} is not a setting and is ignored; docs/settings.md lists the settings")


def _server_error() -> type[Exception]:
    from redis.exceptions import RedisError  # noqa: PLC0415 - imported only when no other clause matched

    return RedisError


def _describe_server_error(error: Exception) -> str:
    from redis.exceptions import RedisError  # noqa: PLC0415 - as above

    from worker.server.outage import describe_server_error  # noqa: PLC0415 - as above
    from worker.server.url import without_password  # noqa: PLC0415 - as above
    from worker.settings import Settings  # noqa: PLC0415 - as above

    assert isinstance(error, RedisError)
    return describe_server_error(error, without_password(Settings.read().redis_url))


def _print_error(sentence: str) -> None:
    Console(stderr=True, highlight=False).print(f"offsample: {sentence}", markup=False, emoji=False, soft_wrap=True)


if __name__ == "__main__":
    main()
