"""The tables of docs/settings.md: `python -m worker.settings_table`."""

import os
import sys
from enum import Enum

from model_store.release import RELEASES_ROOT
from worker.settings import Settings

_SHIPPED_RELEASES = "model_store/releases"
"""`RELEASES_ROOT` relative to a checkout; the default itself is an absolute path of this machine."""


_GROUPS = {
    "For everybody": "redis_url",
    "For operators of stores and METASPACE": "allowed_stores",
    "Tuning": "concurrency",
}
"""The headings, and the first setting of each group in the order of `Settings`."""


def make_settings_table() -> str:
    """Markdown tables, one a group of settings: variable, default as a person would type it, meaning."""
    prefix = Settings.model_config["env_prefix"]
    headings = {first: heading for heading, first in _GROUPS.items()}
    lines: list[str] = []
    for name, field in Settings.model_fields.items():
        if name in headings:
            lines += ["", f"## {headings[name]}", "", "| variable | default | meaning |", "|---|---|---|"]
        lines.append(f"| `{prefix}{name.upper()}` | {_as_typed(field.default)} | {field.description} |")
    return "\n".join(lines[1:]) + "\n"


def _as_typed(default: object) -> str:
    """A default as the value of an environment variable; `unset` for unset and empty ones."""
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
