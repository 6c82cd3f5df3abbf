"""Settings are read from the environment, wrong ones are errors, and docs/settings.md shows them."""

import os
from dataclasses import fields
from pathlib import Path

import pytest

from model_store.predictors.predictor import Engine
from shared.errors import ConfigurationError
from shared.limits import Limits
from worker.settings import Settings, unknown_variables
from worker.settings_table import make_settings_table

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OFFSAMPLE_")]:
        monkeypatch.delenv(name)


def test_every_setting_says_what_it_is() -> None:
    undescribed = [name for name, field in Settings.model_fields.items() if not field.description]
    assert undescribed == []


def test_the_settings_page_shows_the_table() -> None:
    """`python -m worker.settings_table` writes the table."""
    assert make_settings_table() in (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8")


def test_the_table_has_a_row_a_setting_and_no_path_of_this_machine() -> None:
    heading, rule, *rows = make_settings_table().splitlines()
    assert (heading, rule) == ("| variable | default | meaning |", "|---|---|---|")
    assert [row.split("`")[1] for row in rows] == [f"OFFSAMPLE_{name.upper()}" for name in Settings.model_fields]
    assert {row.count(" | ") for row in rows} == {2}
    assert str(REPOSITORY) not in make_settings_table()


def test_a_default_stands_as_a_person_would_type_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {row.split("`")[1]: row.split(" | ")[1].strip("`") for row in make_settings_table().splitlines()[2:]}
    for name, value in shown.items():
        if value != "unset" and name != "OFFSAMPLE_RELEASES_ROOT":
            monkeypatch.setenv(name, value)
    assert Settings.read() == Settings()
    assert Settings.read().model_dump(exclude={"releases_root"}) == {
        name: field.default for name, field in Settings.model_fields.items() if name != "releases_root"
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "http://localhost"),
        ("NAMESPACE", "with blank"),
        ("NAMESPACE", ""),
        ("ALLOWED_ROOTS", "relative/folder"),
        ("ALLOWED_STORES", "https://user:password@host/"),
        ("ALLOWED_STORES", "s3://ions ftp://host/"),
        ("ALLOWED_NETWORKS", "10.0.0.1/8"),
        ("METASPACE_URL", "s3://ions"),
        ("METASPACE_URL", "metaspace2020.org"),
        ("ALLOWED_ROOTS", "/data:relative"),
        ("ENGINE", "abacus"),
        ("CONCURRENCY", "-1"),
        ("THREADS", "many"),
        ("FETCH_THREADS", "0"),
        ("LEASE_SECONDS", "nan"),
        ("LEASE_SECONDS", "0"),
        ("ALLOW_SHORT_LEASE", "perhaps"),
        ("EVENT_TIMEOUT_SECONDS", "inf"),
        ("MAX_DELIVERIES", "0"),
        ("MAX_EVENT_IONS", "1e9"),
        ("MAX_IMAGE_SIDE_PX", "100000"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"OFFSAMPLE_{name}", value)
    with pytest.raises(ConfigurationError, match=f"OFFSAMPLE_{name}: "):
        Settings.read()


def test_every_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFSAMPLE_THREADS", "many")
    monkeypatch.setenv("OFFSAMPLE_ENGINE", "abacus")
    with pytest.raises(ConfigurationError, match=r"OFFSAMPLE_ENGINE: .*; OFFSAMPLE_THREADS: "):
        Settings.read()


def test_settings_that_do_not_fit_together_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFSAMPLE_TICKET_SECONDS", "20")
    with pytest.raises(
        ConfigurationError, match=r"are wrong: .*OFFSAMPLE_TICKET_SECONDS is above a quarter of OFFSAMPLE_L"
    ):
        Settings.read()


def test_a_lease_that_busy_code_can_outlast_is_refused_unless_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFSAMPLE_LEASE_SECONDS", "29")
    with pytest.raises(ConfigurationError, match="OFFSAMPLE_LEASE_SECONDS"):
        Settings.read()
    monkeypatch.setenv("OFFSAMPLE_ALLOW_SHORT_LEASE", "1")
    assert Settings.read().lease_seconds == 29


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("OFFSAMPLE_REDISURL", "OFFSAMPLE_REDIS_URL"),
        ("OFFSAMPLE_ALLOWED_ROOT", "OFFSAMPLE_ALLOWED_ROOTS"),
        ("OFFSAMPLE_LEASE_SECOND", "OFFSAMPLE_LEASE_SECONDS"),
        ("OFFSAMPLE_METASPACE_KEY", "OFFSAMPLE_METASPACE_API_KEY"),
        ("OFFSAMPLE_MAX_EVENT_IMAGES", "OFFSAMPLE_MAX_EVENT_IONS"),
    ],
)
def test_a_misspelt_variable_is_an_error_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, misspelt: str, meant: str
) -> None:
    monkeypatch.setenv(misspelt, "x")
    with pytest.raises(ConfigurationError, match=f"{misspelt} .*{meant}"):
        Settings.read()


def test_a_variable_that_means_no_setting_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that runs a service of this name sets such ones itself."""
    for name in ("OFFSAMPLE_SERVICE_HOST", "OFFSAMPLE_PORT_6379_TCP_ADDR", "OFFSAMPLE_TEST_SERVER"):
        monkeypatch.setenv(name, "x")
    assert unknown_variables() == {"OFFSAMPLE_PORT_6379_TCP_ADDR": None, "OFFSAMPLE_SERVICE_HOST": None}
    assert Settings.read() == Settings()


def test_roots_are_separated_by_colons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFSAMPLE_ALLOWED_ROOTS", "/data/one::/data/two")
    assert Settings.read().allowed_roots == (Path("/data/one"), Path("/data/two"))


def test_no_roots_are_allowed_unless_named() -> None:
    assert Settings.read().allowed_roots == ()


def test_an_empty_release_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFSAMPLE_RELEASE", "")
    assert Settings.read().release is None


def test_the_engine_is_chosen_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFSAMPLE_ENGINE", "tensorflow")
    assert Settings.read().engine is Engine.TENSORFLOW


def test_every_limit_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, field in enumerate(fields(Limits), start=11):
        monkeypatch.setenv(f"OFFSAMPLE_MAX_{field.name.upper()}", str(number))
    limits = Settings.read().limits
    assert [getattr(limits, field.name) for field in fields(Limits)] == list(range(11, 11 + len(fields(Limits))))
