"""The commands by name; only the one that is run is imported, so that no command waits for imports of others."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

_MODULES = {
    "demo": "demo",
    "init": "init",
    "classify": "classify",
    "explain": "explain",
    "clean": "clean",
    "submit": "submit",
    "results": "results",
    "worker": "worker",
    "gateway": "gateway",
    "health": "health",
    "releases": "releases",
    "queue": "operators.queue",
    "cancel": "operators.cancel",
    "events": "operators.events",
    "dead-letters": "operators.dead_letters",
    "drift": "operators.drift",
    "doctor": "operators.doctor",
}
"""The modules of `worker.cli` by command, in the order of the help; each has an `app`."""


class LazyCommands(TyperGroup):
    """A group of commands that imports a command when it is run."""

    _names_only = False
    """While a shell completes their names, no command is imported."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's signature
        """All names, in the order of the help."""
        return list(_MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - as above
        """The command of this name, or None."""
        if cmd_name not in _MODULES:
            return None
        if self._names_only:
            return TyperCommand(cmd_name)
        command = typer.main.get_command(import_module(f"worker.cli.{_MODULES[cmd_name]}").app)
        command.name = cmd_name
        return command

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Names of commands, or options of `offsample` itself, that begin like this."""
        self._names_only = True
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self._names_only = False
