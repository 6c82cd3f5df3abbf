"""The TLS options of a URL have the same meaning for redis-py and kombu."""

import ssl
from pathlib import Path

import pytest
from kombu.utils.url import parse_url as parse_as_kombu
from redis.connection import parse_url as parse_as_redis

from worker.server.tls import with_explicit_tls

MODES = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "none": ssl.CERT_NONE}


@pytest.mark.parametrize(
    ("given", "meaning"),
    [
        ("", "required"),
        ("?ssl_cert_reqs=required", "required"),
        ("?ssl_cert_reqs=CERT_REQUIRED", "required"),
        ("?ssl_cert_reqs=CERT_OPTIONAL", "optional"),
        ("?ssl_cert_reqs=none", "none"),
        ("?ssl_cert_reqs=CERT_NONE", "none"),
    ],
)
def test_both_clients_verify_the_certificate_in_the_same_way(given: str, meaning: str) -> None:
    url = with_explicit_tls(f"rediss://user:a%2Fb@host:6380/2{given}")

    assert parse_as_redis(url)["ssl_cert_reqs"] == meaning
    assert parse_as_kombu(url)["ssl"]["ssl_cert_reqs"] == MODES[meaning]
    assert parse_as_redis(url)["password"] == parse_as_kombu(url)["password"] == "a/b"


@pytest.mark.parametrize(("given", "meaning"), [("no", "off"), ("0", "off"), ("False", "off"), ("yes", "on")])
def test_both_clients_check_the_host_name_in_the_same_way(given: str, meaning: str) -> None:
    url = with_explicit_tls(f"rediss://host/0?ssl_check_hostname={given}")

    assert parse_as_redis(url)["ssl_check_hostname"] is (meaning == "on")
    assert parse_as_kombu(url)["ssl"]["ssl_check_hostname"] is (meaning == "on")


def test_both_clients_get_the_files(tmp_path: Path) -> None:
    file = tmp_path / "ca +1.pem"
    file.touch()

    url = with_explicit_tls(f"rediss://host/0?ssl_ca_certs={str(file).replace(' ', '%20').replace('+', '%2B')}")

    assert parse_as_redis(url)["ssl_ca_certs"] == parse_as_kombu(url)["ssl"]["ssl_ca_certs"] == str(file)


@pytest.mark.parametrize("url", ["redis://host:6379/0", "unix:///run/valkey.sock?db=3"])
def test_a_url_without_tls_is_unchanged(url: str) -> None:
    assert with_explicit_tls(url) == url


@pytest.mark.parametrize(
    ("url", "noun"),
    [
        ("rediss://host/0?ssl_cert_reqs=perhaps", "ssl_cert_reqs"),
        ("rediss://host/0?ssl_check_hostname=perhaps", "ssl_check_hostname"),
        ("rediss://host/0?ssl_ca_certs=/no/such/file", "ssl_ca_certs"),
        ("rediss://host/0?ssl_ca_path=/no/such/folder", "ssl_ca_path"),
        ("rediss://host/0?ssl_min_version=1", "ssl_min_version"),
        ("redis://host/0?ssl_ca_certs=/etc/hostname", "rediss"),
    ],
)
def test_an_option_that_one_client_does_not_know_is_an_error(url: str, noun: str) -> None:
    with pytest.raises(ValueError, match=noun):
        with_explicit_tls(url)
