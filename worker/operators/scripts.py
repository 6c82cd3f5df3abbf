"""The operators' Lua scripts; each one reads a consistent state, or changes it atomically."""

from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.commands.core import Script

from worker.ledger.scripts import ALLOWED_WHEN_FULL, FOLDER, READING_ONLY, REFUSED_WHEN_FULL, compose_script

_OWN_FOLDER = Path(__file__).parent
_TYPES, _INDEX = FOLDER / "types.lua", FOLDER / "index.lua"


@dataclass(frozen=True)
class OperatorScripts:
    """Registered scripts; the head of each file documents its arguments and reply."""

    backlog: Script
    page: Script
    pause: Script
    activate: Script
    cancel: Script
    retry: Script
    trim: Script


def register_operator_scripts(server: Redis) -> OperatorScripts:
    """Assemble the scripts; whatever frees memory, or stops its growth, is allowed while the server is full."""

    def compose(head: str, name: str, *before: Path) -> Script:
        return compose_script(server, head, *before, _OWN_FOLDER / f"{name}.lua")

    return OperatorScripts(
        backlog=compose(READING_ONLY, "backlog"),
        page=compose(READING_ONLY, "page"),
        pause=compose(ALLOWED_WHEN_FULL, "pause", _TYPES),
        activate=compose(ALLOWED_WHEN_FULL, "activate", _TYPES),
        cancel=compose(ALLOWED_WHEN_FULL, "cancel", _TYPES, _INDEX),
        retry=compose(REFUSED_WHEN_FULL, "retry"),
        trim=compose(ALLOWED_WHEN_FULL, "trim"),
    )
