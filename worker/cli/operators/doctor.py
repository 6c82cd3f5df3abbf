"""`offsample doctor`: whether a worker with these settings could work, and what to change if not."""

import sys
from collections import Counter

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

from shared.errors import ConfigurationError
from worker.cli.outputs.json_output import AsJson, print_json
from worker.doctor.examination import examine
from worker.doctor.finding import Finding, Health
from worker.settings import Settings

_STYLES = {Health.OK: "green", Health.WARNING: "yellow", Health.FAILURE: "bold red"}

app = typer.Typer(add_completion=False)


class _Findings(BaseModel):
    """What is printed with --json."""

    findings: list[Finding]


@app.command()
def doctor(*, as_json: AsJson = False) -> None:
    """Check everything that must be right before the first event, with the settings of a worker."""
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
    findings = []
    for finding in examine(Settings.read()):
        findings.append(finding)
        if not as_json:
            console.print(_describe(finding))
    if as_json:
        print_json(_Findings(findings=findings))
    counts = Counter(finding.health for finding in findings)
    if counts[Health.FAILURE]:
        raise ConfigurationError(
            f"{counts[Health.FAILURE]} of {len(findings)} checks failed; expected none, so that a worker can run"
        )


def _describe(finding: Finding) -> Text:
    line = Text(f"{finding.health.value:<8}", style=_STYLES[finding.health])
    line.append(f"{finding.check}: {finding.found}", style="default")
    if finding.advice:
        line.append(f"; {finding.advice}", style="default")
    return line
