"""Alerts and dashboard: valid, made to fire, explained, and on metrics that exist."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from documented import CHECKOUT
from documented_metrics import ALERT_TESTS, ALERTS, read_alerts, read_dashboard_queries, read_metrics

OPERATIONS = (CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8")
QUERIES = [*(rule["expr"] for rule in read_alerts()), *read_dashboard_queries()]


def promtool(*arguments: str | Path) -> str:
    program = shutil.which("promtool")
    assert program is not None, "expected promtool, which `make test` installs, found none"
    ended = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_rules_are_valid() -> None:
    assert f"{len(read_alerts())} rules found" in promtool("check", "rules", ALERTS)


@pytest.mark.parametrize("name", ["prometheus.yaml", "compose.yaml"])
def test_the_configurations_are_valid_and_load_the_rules(name: str) -> None:
    assert f"{len(read_alerts())} rules found" in promtool("check", "config", ALERTS.with_name(name))


def test_every_alert_fires_in_its_test_and_not_in_a_quiet_service() -> None:
    promtool("test", "rules", ALERT_TESTS)
    tests = yaml.safe_load(ALERT_TESTS.read_text(encoding="utf-8"))["tests"]
    cases = [(case["alertname"], bool(case["exp_alerts"])) for test in tests for case in test["alert_rule_test"]]
    names = {rule["alert"] for rule in read_alerts()}
    assert {name for name, fires in cases if fires} == names
    assert {name for name, fires in cases if not fires} == names


def test_every_query_of_the_dashboard_is_valid(tmp_path: Path) -> None:
    rules = [{"record": f"query{number}", "expr": query} for number, query in enumerate(read_dashboard_queries())]
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", path)


@pytest.mark.parametrize("rule", read_alerts(), ids=lambda rule: str(rule["alert"]))
def test_every_alert_has_a_paragraph(rule: dict[str, dict[str, str]]) -> None:
    anchor = rule["annotations"]["runbook_url"].removeprefix("docs/operations.md#")
    assert anchor == str(rule["alert"]).lower()
    assert f"\n### {rule['alert']}\n" in OPERATIONS


def test_every_paragraph_is_of_an_alert() -> None:
    assert re.findall(r"^### (Offsample\w+)$", OPERATIONS, re.MULTILINE) == [rule["alert"] for rule in read_alerts()]


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_uses_documented_metrics_and_labels(query: str) -> None:
    documented = read_metrics()
    found = re.findall(r"(offsample_\w+)(?:\{([^}]*)\})?", query)
    assert found or query.startswith("up{"), "expected a metric of this program, or Prometheus' own"
    labels = set()
    for name, selectors in found:
        metric = documented.get(name) or documented[re.sub("_(bucket|sum|count)$", "", name)]
        wanted = set(re.findall(r"(\w+)\s*=", selectors))
        assert wanted <= metric.labels, name
        labels |= metric.labels | {"instance"} | ({"le"} if metric.type == "histogram" else set())
    grouped = {label for names in re.findall(r"by \(([^)]*)\)", query) for label in re.findall(r"\w+", names)}
    assert grouped <= labels


def test_every_metric_is_shown_or_watched() -> None:
    text = "\n".join(QUERIES)
    assert [name for name in read_metrics() if name not in text] == []
