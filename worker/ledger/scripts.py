"""The ledger's Lua scripts; each one changes its state atomically on the server."""

from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.commands.core import Script

FOLDER = Path(__file__).parent
REFUSED_WHEN_FULL = "#!lua\n"
ALLOWED_WHEN_FULL = "#!lua flags=allow-oom\n"
READING_ONLY = "#!lua flags=no-writes\n"


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
        return compose_script(server, head, *(FOLDER / f"{name}.lua" for name in names))

    return Scripts(
        ready=compose(REFUSED_WHEN_FULL, "clock", "ready"),
        claim=compose(REFUSED_WHEN_FULL, "clock", "message", "claim"),
        claim_new=compose(REFUSED_WHEN_FULL, "message", "claim_new"),
        heartbeat=compose(ALLOWED_WHEN_FULL, "lease", "heartbeat"),
        stage=compose(REFUSED_WHEN_FULL, "lease", "stage"),
        finish=compose(REFUSED_WHEN_FULL, "lease", "types", "index", "finish"),
        publish=compose(REFUSED_WHEN_FULL, "types", "index", "publish"),
        release_claim=compose(ALLOWED_WHEN_FULL, "lease", "release_claim"),
        sweep=compose(ALLOWED_WHEN_FULL, "sweep"),
    )


def compose_script(server: Redis, head: str, *paths: Path) -> Script:
    """A script of several files; `head` determines whether it may run while the server's memory is full."""
    return server.register_script(head + "".join(path.read_text(encoding="ascii") for path in paths))
