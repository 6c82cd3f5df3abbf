"""The commands by name, each imported when it is asked for: what one needs, the others need not wait for."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

_NAMES = ("demo", "classify", "submit", "results", "worker", "health", "releases")
"""Modules of `worker.cli` in the order of the help; each has an `app`."""


class _Commands(Mapping[str, Any]):
    """Typer's commands, whose type it keeps to itself."""

    def __getitem__(self, name: str) -> Any:
        if name not in _NAMES:
            raise KeyError(name)
        command = typer.main.get_command(import_module(f"worker.cli.{name}").app)
        command.name = name
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


class CommandsOnDemand(TyperGroup):
    """A group that knows the names of its commands and imports no more than the one that is run."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands()  # type: ignore[assignment]  # nobody adds a command
