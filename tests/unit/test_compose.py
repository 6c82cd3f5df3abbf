"""compose.yaml: valid, hardened, in step with the worker, and every file that it mounts is there."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose, parse_duration
from documented import CHECKOUT, read_block
from secret_making import make_secrets

from worker.settings import Settings

TEXT = re.sub(r"(?<!\$)\$\{\w+:-([^}]*)\}", r"\1", (CHECKOUT / "compose.yaml").read_text())
"""The file with its variables at their defaults."""
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
WORKERS = [name for name in OURS if name.startswith("worker")]
OTHERS = [name for name in SERVICES if name not in OURS]


def test_the_file_is_valid_compose() -> None:
    assert PyCompose.from_json(json.dumps(COMPOSE)).service_names()
    misspelt = TEXT.replace("stop_grace_period", "grace_period", 1)
    with pytest.raises(ValueError, match="grace_period"):
        PyCompose.from_json(json.dumps(yaml.safe_load(misspelt)))


def test_the_profiles_are_those_of_the_page() -> None:
    profiles = {name: service.get("profiles", []) for name, service in SERVICES.items()}
    page = (CHECKOUT / "docs" / "deployment.md").read_text()
    assert {name for name, given in profiles.items() if not given} == {"valkey", "worker"}
    assert all(f"--profile {profile}" in page for given in profiles.values() for profile in given)


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_no_service_may_do_more_than_it_needs(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@pytest.mark.parametrize("name", OTHERS)
def test_images_of_others_are_pinned_and_do_not_run_as_root(name: str) -> None:
    assert re.fullmatch(r"[\w/.-]+:v?\d+\.\d+[\w.-]*", SERVICES[name]["image"])
    assert int(SERVICES[name]["user"].split(":")[0]) > 0


def test_the_secrets_are_what_the_script_makes_of_the_users_of_the_repository(tmp_path: Path) -> None:
    made = make_secrets(tmp_path)
    assert {secret["file"] for secret in COMPOSE["secrets"].values()} <= {
        f"secrets/{one.name}" for one in made.iterdir()
    }
    assert {name for service in SERVICES.values() for name in service.get("secrets", [])} == set(COMPOSE["secrets"])
    without_passwords = re.sub(r"(?m)^(user \w+ on )>[0-9a-f]{48} ", r"\1", (made / "users.acl").read_text())
    assert without_passwords == (CHECKOUT / "deploy" / "users.acl").read_text()
    assert (made / "worker.url").read_text().endswith("@valkey:6379/0\n")
    assert made.stat().st_mode & 0o077 == 0


def test_the_script_keeps_passwords_that_are_in_use(tmp_path: Path) -> None:
    before = (make_secrets(tmp_path) / "worker.url").read_text()
    with pytest.raises(subprocess.CalledProcessError):
        make_secrets(tmp_path)
    assert (tmp_path / "secrets" / "worker.url").read_text() == before


def test_the_commands_of_the_page_prepare_what_the_services_mount(tmp_path: Path) -> None:
    for name in ("deploy", "worker"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    lines = read_block("deployment.md", "example: compose").splitlines()
    commands = [line for line in lines if not line.startswith("docker compose ")]
    subprocess.run(["sh", "-e", "-c", "\n".join(commands)], cwd=tmp_path, check=True)
    assert [secret["file"] for secret in COMPOSE["secrets"].values() if not (tmp_path / secret["file"]).exists()] == []
    (submit,) = [line for line in lines if " submit " in line]
    folder = submit.split("--ion-images ")[1].split()[0]
    assert len(list((tmp_path / folder.removeprefix("/")).glob("*.png"))) == 79


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_every_mounted_file_exists(service: dict[str, Any]) -> None:
    sources = [volume.split(":")[0] for volume in service.get("volumes", [])]
    files = [source for source in sources if source.startswith("./") and source != "./data"]
    assert [file for file in files if not (CHECKOUT / file).exists()] == []
    assert [name for name in sources if not name.startswith("./") and name not in COMPOSE["volumes"]] == []


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_no_secret_is_a_variable(service: dict[str, Any]) -> None:
    names = [name for name in service.get("environment", {}) if re.search("PASSWORD|URL|KEY|TOKEN", name)]
    assert [name for name in names if not name.endswith("_FILE")] == []


def test_the_gateway_accepts_its_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gateway = SERVICES["gateway"]
    assert (gateway["image"], gateway["build"]) == (SERVICES["worker"]["image"], SERVICES["worker"]["build"])
    for variable, value in gateway["environment"].items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("OFFSAMPLE_REDIS_URL_FILE", str(make_secrets(tmp_path) / "gateway.url"))
    settings = Settings.read()
    assert settings.redis_url.startswith("redis://gateway:")
    assert settings.http_endpoint == ("127.0.0.1", 9400)


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_accepts_its_settings_and_has_time_to_drain(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = SERVICES[name]["environment"]
    assert {variable.removeprefix("OFFSAMPLE_").lower() for variable in environment} <= Settings.model_fields.keys()
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("OFFSAMPLE_REDIS_URL_FILE", str(make_secrets(tmp_path) / "worker.url"))
    settings = Settings.read()
    assert parse_duration(SERVICES[name]["stop_grace_period"]) >= settings.drain_seconds + 30


def test_prometheus_scrapes_the_workers_and_grafana_asks_prometheus() -> None:
    deploy = CHECKOUT / "deploy"
    (job,) = yaml.safe_load((deploy / "prometheus" / "compose.yaml").read_text())["scrape_configs"]
    (found,) = job["dns_sd_configs"]
    addresses = {SERVICES[name]["environment"]["OFFSAMPLE_HTTP_ADDRESS"] for name in found["names"]}
    assert (sorted(found["names"]), addresses) == (sorted(WORKERS), {f"0.0.0.0:{found['port']}"})
    provisioning = deploy / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert source["url"].removeprefix("http://").split(":")[0] in SERVICES
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "offsample.yaml").read_text())["providers"]
    mounted = [volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"]]
    assert ["./deploy/grafana/dashboard.json", f"{provider['options']['path']}/dashboard.json"] in mounted
