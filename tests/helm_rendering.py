"""The Kubernetes objects that the Helm chart makes of its values."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from documented import CHECKOUT

CHART = CHECKOUT / "deploy" / "helm" / "offsample"
EXAMPLES = sorted((CHECKOUT / "deploy" / "helm" / "examples").glob("*.yaml"))
HELM = CHECKOUT / "tests" / "kubernetes" / "node_modules" / "helm"

Object = dict[str, Any]


def run_helm(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run helm, which asks nothing of the network."""
    assert HELM.exists(), "expected helm, which `make test-tools` installs, found none"
    return subprocess.run([HELM, *arguments], capture_output=True, text=True, check=False, timeout=60, cwd=cwd)


@cache
def render(*values: str | Path) -> list[Object]:
    """The objects for values files, and for values as `name=value`."""
    options = [
        part for value in values for part in (("--values", value) if isinstance(value, Path) else ("--set", value))
    ]
    ended = run_helm("template", "offsample", CHART, *options)
    assert ended.returncode == 0, ended.stderr
    return [found for found in yaml.safe_load_all(ended.stdout) if found]


def find_object(objects: list[Object], kind: str, component: str = "worker") -> Object:
    """The only object of a kind and component."""
    label = "app.kubernetes.io/component"
    (found,) = [one for one in objects if one["kind"] == kind and one["metadata"]["labels"][label] == component]
    return dict(found)
