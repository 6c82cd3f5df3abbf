"""Settings are read from the environment, wrong ones are errors, and docs/settings.md shows them."""

import os
from pathlib import Path

import pytest

from model_store.predictors.predictor import Engine
from shared.errors import ConfigurationError
from shared.limits import Limits
from worker.app import OffSampleApp
from worker.settings import Settings, unknown_variables
from worker.settings_table import make_settings_table

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OFFSAMPLE_")]:
        monkeypatch.delenv(name)


def read_rows() -> list[str]:
    return [line for line in make_settings_table().splitlines() if line.startswith("| `")]


def test_every_setting_is_described() -> None:
    undescribed = [name for name, field in Settings.model_fields.items() if not field.description]
    assert undescribed == []


def test_the_settings_page_shows_the_table() -> None:
    """`python -m worker.settings_table` writes the table."""
    assert make_settings_table() in (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8")


def test_the_table_has_a_row_for_each_of_at_most_30_settings_and_no_path_of_this_machine() -> None:
    rows = read_rows()
    assert len(rows) <= 30
    assert [row.split("`")[1] for row in rows] == [f"OFFSAMPLE_{name.upper()}" for name in Settings.model_fields]
    assert {row.count(" | ") for row in rows} == {2}
    assert str(REPOSITORY) not in make_settings_table()


def test_a_default_is_shown_as_a_person_would_type_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {row.split("`")[1]: row.split(" | ")[1].strip("`") for row in read_rows()}
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
        ("HTTP_ADDRESS", "host"),
        ("HTTP_ADDRESS", "host:99999"),
        ("SOURCE_QUOTA", "-1"),
        ("NAMESPACE", "with blank"),
        ("NAMESPACE", ""),
        ("ALLOWED_ROOTS", "relative/folder"),
        ("REPORT_ROOT", "relative/folder"),
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
        ("EVENT_TIMEOUT_SECONDS", "inf"),
        ("MAX_DELIVERIES", "0"),
        ("MAX_EVENT_BYTES", "1e9"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"OFFSAMPLE_{name}", value)
    with pytest.raises(ConfigurationError, match=f"OFFSAMPLE_{name}: "):
        Settings.read()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("LEASE_SECONDS", "soon", "LEASE_SECONDS: expected a valid number, got 'soon'"),
        ("THREADS", "-1", "THREADS: expected a number greater than or equal to 0, got '-1'"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL: expected 'DEBUG', 'INFO', 'WARNING' or 'ERROR', got 'LOUD'"),
        ("NAMESPACE", "a b", "NAMESPACE: expected text to match pattern '^[A-Za-z0-9_.:{}-]+$', got 'a b'"),
    ],
)
def test_an_error_says_what_was_expected_and_the_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(f"OFFSAMPLE_{name}", value)
    with pytest.raises(ConfigurationError) as caught:
        Settings.read()
    assert str(caught.value) == f"settings are wrong: OFFSAMPLE_{sentence}"


def test_every_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFSAMPLE_THREADS", "many")
    monkeypatch.setenv("OFFSAMPLE_ENGINE", "abacus")
    with pytest.raises(ConfigurationError, match=r"OFFSAMPLE_ENGINE: .*; OFFSAMPLE_THREADS: "):
        Settings.read()


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("OFFSAMPLE_REDISURL", "OFFSAMPLE_REDIS_URL"),
        ("OFFSAMPLE_ALLOWED_ROOT", "OFFSAMPLE_ALLOWED_ROOTS"),
        ("OFFSAMPLE_LEASE_SECOND", "OFFSAMPLE_LEASE_SECONDS"),
        ("OFFSAMPLE_METASPACE_KEY", "OFFSAMPLE_METASPACE_API_KEY"),
        ("OFFSAMPLE_MAX_EVENT_BYTE", "OFFSAMPLE_MAX_EVENT_BYTES"),
    ],
)
def test_a_misspelt_variable_is_an_error_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, misspelt: str, meant: str
) -> None:
    monkeypatch.setenv(misspelt, "x")
    with pytest.raises(ConfigurationError, match=f"{misspelt} .*{meant}"):
        Settings.read()


def test_a_variable_that_resembles_no_setting_is_unknown_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that runs a service of this name sets such variables itself."""
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


def test_the_size_of_an_event_is_the_limit_that_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFSAMPLE_MAX_EVENT_BYTES", "11")
    assert Settings.read().limits == Limits(event_bytes=11)


@pytest.mark.parametrize("name", ["OFFSAMPLE_MAX_IMAGE_FILE_BYTES", "OFFSAMPLE_FETCH_ATTEMPTS"])
def test_a_removed_setting_is_unknown_and_no_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    assert unknown_variables() == {name: None}
    assert Settings.read() == Settings()


def test_the_app_reads_its_settings_once_unless_it_was_given_some(monkeypatch: pytest.MonkeyPatch) -> None:
    app = OffSampleApp("test", set_as_current=False)
    monkeypatch.setenv("OFFSAMPLE_NAMESPACE", "first")
    assert app.settings.namespace == "first"
    monkeypatch.setenv("OFFSAMPLE_NAMESPACE", "second")
    assert app.settings.namespace == "first"
    app.settings = Settings(namespace="given")
    assert app.settings.namespace == "given"


def test_a_secret_is_read_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    url, key = tmp_path / "url", tmp_path / "key"
    url.write_text("redis://worker:pass%23word@host:6379/0\n")
    key.write_text("a-key\n")
    monkeypatch.setenv("OFFSAMPLE_REDIS_URL_FILE", str(url))
    monkeypatch.setenv("OFFSAMPLE_METASPACE_API_KEY_FILE", str(key))

    settings = Settings.read()

    assert settings.redis_url == "redis://worker:pass%23word@host:6379/0"
    assert settings.metaspace_api_key is not None
    assert settings.metaspace_api_key.get_secret_value() == "a-key"


@pytest.mark.parametrize(
    "content", [b"", b"redis://a:secret@host\nredis://b:secret@host", b"\xff", b"http://secret", None]
)
def test_a_file_without_a_usable_secret_is_an_error_that_does_not_show_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "url"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("OFFSAMPLE_REDIS_URL_FILE", str(path))
    with pytest.raises(ConfigurationError) as error:
        Settings.read()
    assert "secret" not in str(error.value).replace(str(path), "")


def test_a_secret_and_its_file_together_are_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OFFSAMPLE_REDIS_URL", "redis://host/0")
    monkeypatch.setenv("OFFSAMPLE_REDIS_URL_FILE", str(tmp_path / "url"))
    with pytest.raises(ConfigurationError, match="both"):
        Settings.read()


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [("", None), ("9400", ("127.0.0.1", 9400)), ("0.0.0.0:9400", ("0.0.0.0", 9400)), ("[::1]:9400", ("::1", 9400))],
)
def test_an_http_address_without_a_host_is_on_loopback(
    monkeypatch: pytest.MonkeyPatch, address: str, endpoint: tuple[str, int] | None
) -> None:
    monkeypatch.setenv("OFFSAMPLE_HTTP_ADDRESS", address)
    assert Settings.read().http_endpoint == endpoint
