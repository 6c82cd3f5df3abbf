"""The settings as text: the tables of docs/settings.md (`python -m worker.settings_table`), and a file to fill in."""

import os
import sys
from enum import Enum
from textwrap import wrap

from model_store.release import RELEASES_ROOT
from worker.settings import Settings

_LINE = 100
"""Characters of a comment in a settings file."""
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


def make_settings_file() -> str:
    """Every setting as a line `#NAME=default` below what it means, in the form of a `.env` file."""
    prefix = Settings.model_config["env_prefix"]
    headings = {first: heading for heading, first in _GROUPS.items()}
    lines = [
        "# Settings of offsample. Remove the # before a line to change it, and name this file:",
        "#   offsample --env-file FILE COMMAND",
        "# These are the defaults; a line that ends with = has none. Variables of the environment come first.",
    ]
    for name, field in Settings.model_fields.items():
        if name in headings:
            lines += ["", f"# == {headings[name]}"]
        default = _as_value(field.default)
        meaning = wrap(field.description or "", _LINE, break_long_words=False)
        lines += ["", *(f"# {line}" for line in meaning), f"#{prefix}{name.upper()}={default}"]
    return "\n".join(lines) + "\n"


def _as_typed(default: object) -> str:
    """A default as Markdown; `unset` for unset and empty ones."""
    value = _as_value(default)
    return f"`{value}`" if value else "unset"


def _as_value(default: object) -> str:
    """A default as the value of an environment variable; "" for unset and empty ones."""
    if default in (None, ()):
        return ""
    if default == RELEASES_ROOT:
        return _SHIPPED_RELEASES
    if isinstance(default, Enum):
        return str(default.value)
    if isinstance(default, tuple):
        return os.pathsep.join(map(str, default))
    return f"{default:g}" if isinstance(default, float) else str(default)


if __name__ == "__main__":
    sys.stdout.write(make_settings_table())
