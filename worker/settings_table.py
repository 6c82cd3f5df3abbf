"""The tables of docs/settings.md: `python -m worker.settings_table`."""

import os
import sys
from enum import Enum

from model_store.release import RELEASES_ROOT
from worker.settings import Settings

_SHIPPED_RELEASES = "model_store/releases"
"""Where `RELEASES_ROOT` lies in a checkout; the default itself is a path of the machine that asks."""


def make_settings_table() -> str:
    """A markdown table, one row a setting: variable, default as a person would type it, meaning."""
    prefix = Settings.model_config["env_prefix"]
    rows = [
        f"| `{prefix}{name.upper()}` | {_as_typed(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows]) + "\n"


def _as_typed(default: object) -> str:
    """A default as the value of an environment variable; unset and empty ones in words."""
    if default in (None, ()):
        return "unset"
    if default == RELEASES_ROOT:
        return f"`{_SHIPPED_RELEASES}`"
    if isinstance(default, Enum):
        return f"`{default.value}`"
    if isinstance(default, tuple):
        return f"`{os.pathsep.join(map(str, default))}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


if __name__ == "__main__":
    sys.stdout.write(make_settings_table())
