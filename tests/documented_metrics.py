"""The metrics that docs/metrics.md describes, and the queries of dashboard and alerts."""

import json
import re
from dataclasses import dataclass
from typing import Any

import yaml
from documented import CHECKOUT

ALERTS = CHECKOUT / "deploy" / "prometheus" / "alerts.yaml"
ALERT_TESTS = ALERTS.with_name("alerts_test.yaml")
DASHBOARD = CHECKOUT / "deploy" / "grafana" / "dashboard.json"


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


def read_alerts() -> list[dict[str, Any]]:
    """The alert rules."""
    (group,) = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return list(group["rules"])


def read_dashboard_queries() -> list[str]:
    """The queries of every panel; Grafana's interval is a short one."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    return [query.replace("$__rate_interval", "10s") for query in queries]
