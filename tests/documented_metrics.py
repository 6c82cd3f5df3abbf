"""The metrics that docs/metrics.md describes."""

import re
from dataclasses import dataclass

from documented import CHECKOUT


@dataclass(frozen=True)
class DocumentedMetric:
    """One row of the page."""

    name: str
    type: str
    labels: frozenset[str]


def read_metrics() -> dict[str, DocumentedMetric]:
    """The rows by name."""
    text = (CHECKOUT / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(offsample_\w+)` \| (\w+) \|([^|]*)\|", text, re.MULTILINE)
    return {
        name: DocumentedMetric(name, kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows
    }
