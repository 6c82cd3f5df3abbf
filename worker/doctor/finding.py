"""The result of one check."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Health(StrEnum):
    """What a finding means."""

    OK = "ok"
    WARNING = "warning"
    """A worker runs, but something may be lost, slow or rejected."""
    FAILURE = "failure"
    """No worker could run events, or some of what its settings name could never be read."""


class Finding(BaseModel):
    """One line."""

    model_config = ConfigDict(frozen=True)

    check: str
    health: Health
    found: str
    """What was found, one sentence."""
    advice: str = ""
    """What to change; empty when all is well, or when `found` says it."""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check=check, health=Health.OK, found=found)


def warning(check: str, found: str, advice: str) -> Finding:
    """It works, at a risk."""
    return Finding(check=check, health=Health.WARNING, found=found, advice=advice)


def failure(check: str, found: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(check=check, health=Health.FAILURE, found=found, advice=advice)
