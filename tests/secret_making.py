"""The passwords of a deployment, made by deploy/make_secrets.sh."""

import subprocess
from pathlib import Path

from documented import CHECKOUT


def make_secrets(folder: Path, *servers: str) -> Path:
    """The folder `secrets` in a folder, with URLs at the servers for workers and for clients."""
    secrets = folder / "secrets"
    subprocess.run(["sh", CHECKOUT / "deploy" / "make_secrets.sh", secrets, *servers], check=True, capture_output=True)
    return secrets
