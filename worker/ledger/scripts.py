"""The ledger's Lua scripts; each one changes its state atomically on the server."""

from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.commands.core import Script

_FOLDER = Path(__file__).parent
_REFUSED_WHEN_FULL = "#!lua\n"
_ALLOWED_WHEN_FULL = "#!lua flags=allow-oom\n"


@dataclass(frozen=True)
class Scripts:
    """Registered scripts; the head of each file documents its arguments and reply."""

    ready: Script
    claim: Script
    claim_new: Script
    heartbeat: Script
    stage: Script
    finish: Script
    publish: Script
    release_claim: Script
    sweep: Script


def register_scripts(server: Redis) -> Scripts:
    """Assemble the scripts from their files; nothing is sent to the server before the first call."""

    def compose(head: str, *names: str) -> Script:
        return server.register_script(head + "".join(_read(name) for name in names))

    return Scripts(
        ready=compose(_REFUSED_WHEN_FULL, "clock", "ready"),
        claim=compose(_REFUSED_WHEN_FULL, "clock", "message", "claim"),
        claim_new=compose(_REFUSED_WHEN_FULL, "message", "claim_new"),
        heartbeat=compose(_ALLOWED_WHEN_FULL, "lease", "heartbeat"),
        stage=compose(_REFUSED_WHEN_FULL, "lease", "stage"),
        finish=compose(_REFUSED_WHEN_FULL, "lease", "types", "index", "finish"),
        publish=compose(_REFUSED_WHEN_FULL, "types", "index", "publish"),
        release_claim=compose(_ALLOWED_WHEN_FULL, "lease", "release_claim"),
        sweep=compose(_ALLOWED_WHEN_FULL, "sweep"),
    )


def _read(name: str) -> str:
    return (_FOLDER / f"{name}.lua").read_text(encoding="ascii")
