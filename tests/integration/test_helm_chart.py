"""The Helm chart: valid against the schemas of Kubernetes and its operators, hardened, and in step with the worker."""

import json
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from documented import CHECKOUT, read_block
from documented_metrics import ALERTS, DASHBOARD
from helm_rendering import CHART, EXAMPLES, Object, find_object, render, run_helm
from pydantic import BaseModel

from worker.settings import Settings

KUBERNETES_VERSIONS = ("1.27", "1.32", "1.37")
OPERATORS = {
    "ScaledObject": "cloudcoil.models.keda.v1alpha1",
    "TriggerAuthentication": "cloudcoil.models.keda.v1alpha1",
    "PodMonitor": "cloudcoil.models.prometheus_operator.v1",
    "PrometheusRule": "cloudcoil.models.prometheus_operator.v1",
}
"""Modules with the models of what operators define; they take seconds to import."""

SETTINGS = {f"OFFSAMPLE_{name.upper()}" for name in Settings.model_fields}
CASES = [(), *((example,) for example in EXAMPLES), tuple(EXAMPLES)]
NAMES = ["defaults", *(example.stem for example in EXAMPLES), "together"]


@pytest.fixture(params=CASES, ids=NAMES)
def objects(request: pytest.FixtureRequest) -> list[Object]:
    return render(*request.param)


def find_pods(objects: list[Object]) -> list[Object]:
    """The pods that the objects make."""
    return [one["spec"]["template"] for one in objects if one["kind"] in {"Deployment", "StatefulSet"}]


def find_worker(objects: list[Object]) -> Object:
    (container,) = find_object(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(container)


def read_variables(objects: list[Object]) -> dict[str, str]:
    """The worker's variables; its threads are the CPUs that it requests."""
    worker = find_worker(objects)
    threads = {"name": "OFFSAMPLE_THREADS", "valueFrom": {"resourceFieldRef": {"resource": "requests.cpu"}}}
    assert threads in worker["env"]
    resolved = {"OFFSAMPLE_THREADS": worker["resources"]["requests"]["cpu"]}
    return resolved | {variable["name"]: variable["value"] for variable in worker["env"] if "value" in variable}


@pytest.mark.parametrize("values", CASES, ids=NAMES)
def test_helm_finds_nothing_wrong(values: tuple[Path, ...]) -> None:
    ended = run_helm("lint", "--strict", CHART, *(part for path in values for part in ("--values", path)))
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
def test_every_object_is_valid(objects: list[Object], version: str) -> None:
    """No field is missing, of a wrong type, or unknown."""
    assert objects
    for one in objects:
        operator = OPERATORS.get(one["kind"])
        if operator is None:
            kubernetes_validate.validate(one, version, strict=True)
        else:
            model: type[BaseModel] = getattr(import_module(operator), one["kind"])
            known = model.model_validate(one).model_dump(mode="json", by_alias=True, exclude_unset=True)
            assert known == one


def test_every_example_makes_what_it_is_about() -> None:
    kinds = {example.stem: {one["kind"] for one in render(example)} for example in EXAMPLES}
    assert "StatefulSet" in kinds["trial"]
    assert set(OPERATORS) <= kinds["autoscaling"]
    assert find_worker(render(*EXAMPLES))["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert find_worker(render(*EXAMPLES))["image"] == "offsample:gpu"


def test_an_image_is_named_by_tag_or_by_digest() -> None:
    digest = f"sha256:{'0' * 64}"
    assert find_worker(render("image.tag=1.2"))["image"] == "offsample:1.2"
    assert find_worker(render("image.tag=1.2", f"image.digest={digest}"))["image"] == f"offsample@{digest}"


def test_other_threads_than_the_requested_cpus_are_set_once() -> None:
    variables = find_worker(render("settings.OFFSAMPLE_THREADS=8"))["env"]
    assert [one for one in variables if one["name"] == "OFFSAMPLE_THREADS"] == [
        {"name": "OFFSAMPLE_THREADS", "value": "8"}
    ]


def test_no_container_may_do_more_than_it_needs(objects: list[Object]) -> None:
    for pod in find_pods(objects):
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"requests", "limits"} <= container["resources"].keys()


def test_the_user_is_that_of_the_image(objects: list[Object]) -> None:
    (user,) = re.findall(r"^USER (\d+):(\d+)$", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)
    security = find_object(objects, "Deployment")["spec"]["template"]["spec"]["securityContext"]
    assert (str(security["runAsUser"]), str(security["runAsGroup"])) == user


def test_the_worker_writes_to_tmp_only(objects: list[Object]) -> None:
    writable = [mount["mountPath"] for mount in find_worker(objects)["volumeMounts"] if not mount.get("readOnly")]
    assert writable == ["/tmp"]


@pytest.mark.parametrize("values", [(), ("drainSeconds=1200",)])
def test_the_grace_period_is_longer_than_the_drain(values: tuple[str, ...]) -> None:
    objects = render(*values)
    grace = find_object(objects, "Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace >= float(read_variables(objects)["OFFSAMPLE_DRAIN_SECONDS"]) + 30


def test_every_variable_is_a_setting_and_none_holds_a_secret(objects: list[Object]) -> None:
    names = read_variables(objects)
    assert {name for name in names if name.startswith("OFFSAMPLE_")} <= SETTINGS
    assert {"OFFSAMPLE_REDIS_URL", "OFFSAMPLE_METASPACE_API_KEY"}.isdisjoint(names)
    assert not any("://" in value and "@" in value for value in names.values())


def test_a_worker_accepts_the_settings(objects: list[Object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "worker.url").write_text("redis://worker:secret@127.0.0.1:6379/0\n")
    for name, value in read_variables(objects).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OFFSAMPLE_REDIS_URL_FILE", str(tmp_path / "worker.url"))
    assert Settings.read().http_endpoint == ("0.0.0.0", 9400)


def test_a_worker_reads_the_values_of_settings_as_they_were_written(tmp_path: Path) -> None:
    written = {
        "OFFSAMPLE_MAX_EVENT_BYTES": 33554432,
        "OFFSAMPLE_RETRY_SECONDS": 0.5,
        "OFFSAMPLE_ALLOWED_STORES": "s3://a b",
    }
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump({"settings": written}))
    variables = read_variables(render(path))
    assert {name: variables[name] for name in written} == {name: str(value) for name, value in written.items()}


def test_the_chart_takes_every_other_setting_and_refuses_misspelt_ones_and_secrets() -> None:
    taken = set(
        json.loads((CHART / "values.schema.json").read_text())["properties"]["settings"]["propertyNames"]["enum"]
    )
    own = {"REDIS_URL", "REDIS_URL_FILE", "METASPACE_API_KEY", "METASPACE_API_KEY_FILE", "HTTP_ADDRESS"}
    own |= {"DRAIN_SECONDS", "ALLOWED_ROOTS"}
    assert taken == SETTINGS - {f"OFFSAMPLE_{name}" for name in own}
    for wrong in ("settings.OFFSAMPLE_LOG_LEVLE=INFO", "settings.OFFSAMPLE_REDIS_URL=x", "env[0].name=OFFSAMPLE_X"):
        assert run_helm("template", "offsample", CHART, "--set", wrong).returncode != 0
    assert run_helm("template", "offsample", CHART, "--set", "autoscaling.enabled=true").returncode != 0


def test_a_gateway_accepts_its_settings_and_has_its_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not [one for one in render() if one["metadata"]["labels"]["app.kubernetes.io/component"] == "gateway"]
    objects = render(CHART.parent / "examples" / "gateway.yaml", "settings.OFFSAMPLE_MAX_EVENT_BYTES=33554432")
    pod = find_object(objects, "Deployment", "gateway")["spec"]["template"]["spec"]
    (gateway,) = pod["containers"]
    assert gateway["args"] == ["gateway"]
    for variable in gateway["env"]:
        monkeypatch.setenv(variable["name"], variable["value"])
    (tmp_path / "gateway.url").write_text("redis://gateway:secret@127.0.0.1:6379/0\n")
    monkeypatch.setenv("OFFSAMPLE_REDIS_URL_FILE", str(tmp_path / "gateway.url"))
    settings = Settings.read()
    assert settings.http_endpoint == ("0.0.0.0", gateway["ports"][0]["containerPort"])
    assert (settings.namespace, settings.max_event_bytes) == ("offsample", 33_554_432)
    mounted = {
        f"{mount['mountPath']}/{item['path']}"
        for mount in gateway["volumeMounts"]
        for volume in pod["volumes"]
        if volume["name"] == mount["name"]
        for item in volume.get("secret", {}).get("items", [])
    }
    assert {one["value"] for one in gateway["env"] if one["name"] == "OFFSAMPLE_REDIS_URL_FILE"} == mounted


def test_the_trial_server_lets_the_gateway_in() -> None:
    objects = render(CHART.parent / "examples" / "trial.yaml", "gateway.enabled=true")
    (allowed,) = find_object(objects, "NetworkPolicy", "valkey")["spec"]["ingress"]
    labels = find_object(objects, "Deployment", "gateway")["spec"]["template"]["metadata"]["labels"]
    peers = [peer["podSelector"].get("matchLabels", {}) for peer in allowed["from"] if "podSelector" in peer]
    assert any(peer and peer.items() <= labels.items() for peer in peers)


def test_probes_and_scrapes_ask_for_paths_that_the_worker_has(objects: list[Object]) -> None:
    endpoint = (CHECKOUT / "worker" / "monitoring" / "endpoint.py").read_text()
    worker, pod = find_worker(objects), find_object(objects, "Deployment")["spec"]["template"]
    (port,) = worker["ports"]
    probes = {kind: worker[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert {kind: probe["path"] for kind, probe in probes.items()} == {
        "startup": "/livez",
        "liveness": "/livez",
        "readiness": "/readyz",
    }
    assert {probe["port"] for probe in probes.values()} == {port["name"]}
    annotations = pod["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(port["containerPort"])
    assert read_variables(objects)["OFFSAMPLE_HTTP_ADDRESS"].endswith(f":{port['containerPort']}")
    for path in ("/livez", "/readyz", annotations["prometheus.io/path"]):
        assert f'path == "{path}"' in endpoint


def test_every_selector_selects_its_pods(objects: list[Object]) -> None:
    for one in objects:
        component = one["metadata"]["labels"]["app.kubernetes.io/component"]
        (pod,) = [
            pod for pod in find_pods(objects) if pod["metadata"]["labels"]["app.kubernetes.io/component"] == component
        ]
        selector: Any = one.get("spec", {}).get("selector") or one.get("spec", {}).get("podSelector") or {}
        assert selector.get("matchLabels", selector).items() <= pod["metadata"]["labels"].items()


def test_the_network_policy_lets_the_worker_reach_its_server() -> None:
    trial = render(CHART.parent / "examples" / "trial.yaml")
    policy = find_object(trial, "NetworkPolicy")["spec"]
    (peer,) = next(rule["to"] for rule in policy["egress"] if rule["ports"][0]["port"] == 6379)
    server = find_object(trial, "StatefulSet", "valkey")["spec"]["template"]["metadata"]["labels"]
    assert peer["podSelector"]["matchLabels"].items() <= server.items()
    (allowed,) = find_object(trial, "NetworkPolicy", "valkey")["spec"]["ingress"]
    worker = find_object(trial, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert allowed["from"][0]["podSelector"]["matchLabels"].items() <= worker.items()


def test_the_commands_of_the_page_fit_the_chart() -> None:
    text = read_block("deployment.md", "example: helm").replace("\\\n", " ")
    commands = [shlex.split(line) for line in text.splitlines()]
    helm = next(words for words in commands if words[0] == "helm")
    ended = run_helm("template", *helm[helm.index("install") + 1 :], cwd=CHECKOUT)
    assert ended.returncode == 0, ended.stderr
    objects = list(yaml.safe_load_all(ended.stdout))
    service = find_object(objects, "Service", "valkey")
    server = f"{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    assert commands[0] == ["sh", "deploy/make_secrets.sh", "secrets", server, server]
    (secret,) = [words[words.index("generic") + 1] for words in commands if "generic" in words]
    volumes = find_object(objects, "Deployment")["spec"]["template"]["spec"]["volumes"]
    assert secret in {volume["secret"]["secretName"] for volume in volumes if "secret" in volume}
    assert f"deployment/{find_object(objects, 'Deployment')['metadata']['name']}" in commands[-1]


def test_alerts_and_dashboard_are_those_of_the_repository() -> None:
    objects = render(CHART.parent / "examples" / "autoscaling.yaml")
    assert find_object(objects, "PrometheusRule")["spec"] == yaml.safe_load(ALERTS.read_text())
    shown = find_object(objects, "ConfigMap")["data"]["offsample.json"]
    assert json.loads(shown) == json.loads(DASHBOARD.read_text())
