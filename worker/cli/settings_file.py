"""A settings file, as `offsample init` writes it and `--env-file` reads it."""

import os
import re
from pathlib import Path
from typing import Final

from dotenv.parser import parse_stream

from shared.errors import ConfigurationError
from worker.variables import PREFIX

_SHOWN_CHARACTERS: Final = 40


def read_settings_file(path: Path) -> None:
    """Set the variables of a file that the environment does not set.

    A secret that the environment sets, by its value or by the name of a file, comes before both in this file.

    Raises
    ------
    ConfigurationError
        When the file cannot be read, or a line of it sets nothing; names the line, and shows no value.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            lines = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"--env-file {path} cannot be read: {error}") from error
    given = set(os.environ)
    for line in lines:
        if line.error or (line.key is not None and line.value is None):
            shown = re.split(r"\W", line.original.string.strip())[0][:_SHOWN_CHARACTERS]  # the rest may be a password
            raise ConfigurationError(
                f"--env-file {path}, line {line.original.line}: expected NAME=VALUE, got {shown!r}…"
            )
        if line.key is not None and line.value is not None and not given & _list_alternatives(line.key):
            os.environ[line.key] = line.value


def _list_alternatives(name: str) -> set[str]:
    """The variables that say the same: of a setting also the one that names a file of its value, or the reverse."""
    if not name.startswith(PREFIX):
        return {name}
    return {name, name.removesuffix("_FILE") if name.endswith("_FILE") else f"{name}_FILE"}
