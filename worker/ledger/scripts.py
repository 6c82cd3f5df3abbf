"""The ledger's scripts: every change of its state, each one atomic on the server."""

from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.commands.core import Script

_FOLDER = Path(__file__).parent
_REFUSED_WHEN_FULL = "#!lua\n"
_ALLOWED_WHEN_FULL = "#!lua flags=allow-oom\n"


@dataclass(frozen=True)
class Scripts:
    """Registered scripts; each file's head says what it takes and gives."""

    ready: Script
    claim: Script
    heartbeat: Script
    finish: Script
    hand_back: Script
    sweep: Script


def register_scripts(server: Redis) -> Scripts:
    """Compose the scripts from their files; nothing is sent before the first call."""

    def compose(head: str, *names: str) -> Script:
        return server.register_script(head + "".join(_read(name) for name in names))

    return Scripts(
        ready=compose(_REFUSED_WHEN_FULL, "clock", "ready"),
        claim=compose(_REFUSED_WHEN_FULL, "clock", "claim"),
        heartbeat=compose(_ALLOWED_WHEN_FULL, "lease", "heartbeat"),
        finish=compose(_REFUSED_WHEN_FULL, "lease", "finish"),
        hand_back=compose(_ALLOWED_WHEN_FULL, "lease", "hand_back"),
        sweep=compose(_ALLOWED_WHEN_FULL, "sweep"),
    )


def _read(name: str) -> str:
    return (_FOLDER / f"{name}.lua").read_text(encoding="ascii")
