"""URIs of stores: hostile ones are rejected with a specific message, and no message contains a credential."""

import ipaddress
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ForbiddenUriError
from worker.access.allowed_stores import AllowedStores
from worker.access.store_uri import is_remote, parse_store_uri, show_uri

HOSTILE = [
    ("https://user:secret@host/a.png", "user or password"),
    ("https://secret@host/a.png", "user or password"),
    ("https://host@evil.example/a.png", "user or password"),
    ("s3://key:secret@bucket/a.png", "user or password"),
    ("https://host/a.png?X-Amz-Signature=secret", "query or fragment"),
    ("https://host/a.png?", "query or fragment"),
    ("https://host/a.png#secret", "query or fragment"),
    ("s3://bucket/a.png?versionId=secret", "query or fragment"),
    ("https://host/../a.png", "`..`"),
    ("https://host/x/%2e%2e/a.png", "plain or encoded"),
    ("https://host/x/%252e%252e/a.png", "plain or encoded"),
    ("https://host/x/.%2e%2fa.png", "plain or encoded"),
    ("https://host/x%5c..%5ca.png", "plain or encoded"),
    ("https://host/a%00.png", "plain or encoded"),
    ("https://host/a%0d%0aHost:%20evil", "plain or encoded"),
    ("https://host/a%252525252525252541.png", "percent-encoded once"),
    ("https://host/x/./a.png", "`..`"),
    ("s3://bucket/x/../a.png", "`..`"),
    ("https://host\\@evil/a.png", "backslashes"),
    ("https://host/a\\..\\b", "backslashes"),
    ("https://host/a b.png", "blanks"),
    ("https://ho\tst/a.png", "blanks"),
    ("https://host/a\0.png", "blanks"),
    ("https://host/a\n.png", "blanks"),
    ("https://höst/a.png", "host name"),
    ("https://ⓛocalhost/a.png", "host name"),
    ("https://host%2eevil/a.png", "host name"),
    ("https:///a.png", "host name"),
    ("https://host:99999/a.png", "host-or-bucket"),
    ("https://host:-1/a.png", "host-or-bucket"),
    ("https://host:port/a.png", "host-or-bucket"),
    ("https://[::1/a.png", "host-or-bucket"),
    ("https://host/ä.png", "non-ASCII"),
    ("s3://Bucket/a.png", "s3://bucket"),
    ("s3://bucket:80/a.png", "s3://bucket"),
    ("s3:///a.png", "s3://bucket"),
    ("s3://arn:aws:s3:::bucket/a.png", "s3://bucket|host-or-bucket"),
    ("ftp://host/a.png", "s3://bucket"),
    ("gopher://host/a.png", "s3://bucket"),
    ("ssh://host/a.png", "s3://bucket"),
    ("github://org:repo@main/a.png", "user or password|host-or-bucket"),
    ("zip://a.png::https://host/a.zip", "s3://bucket|host name|host-or-bucket"),
    ("simplecache::https://host/a.png", "s3://bucket"),
    ("data:image/png;base64,AAAA", "s3://bucket"),
    ("https://host/\ud800", "blanks"),
]


@pytest.mark.parametrize(("uri", "reason"), HOSTILE, ids=lambda value: ascii(value)[:40])
def test_a_hostile_uri_is_rejected_with_its_reason(uri: str, reason: str) -> None:
    with pytest.raises(ForbiddenUriError, match=reason) as refusal:
        parse_store_uri(uri)
    assert "expected" in str(refusal.value)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("uri", "meaning"),
    [
        ("HTTPS://Host/Path/a.png", "https://host/Path/a.png"),
        ("https://host:443/a.png", "https://host/a.png"),
        ("http://host:80/", "http://host/"),
        ("http://host:8080", "http://host:8080/"),
        ("https://[2001:DB8::1]:8443/a", "https://[2001:db8::1]:8443/a"),
        ("https://host/a%2Bb%20c.png", "https://host/a%2Bb%20c.png"),
        ("S3://bucket/C6H12O6+H.png", "s3://bucket/C6H12O6+H.png"),
        ("gs://my_bucket/ä.png", "gs://my_bucket/ä.png"),
    ],
)
def test_a_plain_uri_is_parsed(uri: str, meaning: str) -> None:
    assert str(parse_store_uri(uri)) == meaning


@pytest.mark.parametrize("uri", ["/data/a", "file:///data", "FILE:///data", "data", "s3:/bucket", "C:\\data", ""])
def test_a_local_path_is_not_remote(uri: str) -> None:
    assert not is_remote(uri)


ALLOWED = AllowedStores(tuple(map(parse_store_uri, ["s3://ions/public", "https://host/a/", "http://host:8080"])))


@pytest.mark.parametrize(
    "uri",
    ["s3://ions/public", "s3://ions/public/x.png", "https://host/a/x", "https://host:443/a", "http://host:8080/x"],
)
def test_a_uri_below_a_prefix_is_allowed(uri: str) -> None:
    ALLOWED.resolve(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://ions/publicity/x.png",
        "s3://ions/",
        "s3://ions2/public/x.png",
        "gs://ions/public/x.png",
        "http://host/a/x",
        "https://host/ab",
        "https://host:8443/a/x",
        "https://host.evil.example/a/x",
        "https://evil.example/https://host/a/x",
        "https://host./a/x",
        "https://host/A/x",
        "https://host/%61/x",
    ],
)
def test_a_uri_below_no_prefix_is_forbidden(uri: str) -> None:
    with pytest.raises(ForbiddenUriError):
        ALLOWED.resolve(uri)


def test_without_prefixes_nothing_is_allowed() -> None:
    with pytest.raises(ForbiddenUriError, match="OFFSAMPLE_ALLOWED_STORES"):
        AllowedStores().resolve("https://host/a.png")


_PIECES = st.sampled_from(
    [
        "..",
        ".",
        "/",
        "%2e",
        "%2E",
        "%252e",
        "%2f",
        "%5c",
        "\\",
        "a",
        "b.png",
        "%00",
        "?",
        "#",
        "@",
        ":",
        "//",
        "\t",
        "é",
    ]
)


@given(st.lists(_PIECES, max_size=8).map("".join) | st.text(max_size=30))
def test_any_path_after_a_prefix_stays_below_it_or_is_forbidden(rest: str) -> None:
    try:
        found = ALLOWED.resolve(f"https://host/a/{rest}")
    except ForbiddenUriError:
        return
    path = found.path
    for _ in range(8):
        assert re.fullmatch(r"/a(/.*)?", path, re.DOTALL)
        assert not {"..", "."} & set(path.split("/"))
        assert not set("\\\0\r\n") & set(path)
        path = unquote(path)


@given(st.text())
def test_any_text_is_a_uri_or_forbidden_and_shown_in_one_line(uri: str) -> None:
    assert "\n" not in show_uri(uri)
    try:
        parse_store_uri(uri)
    except ForbiddenUriError as error:
        str(error).encode()


@given(st.sampled_from(["https", "s3"]), st.text(st.characters(categories=["L", "N"]), min_size=8))
def test_no_secret_is_shown(scheme: str, secret: str) -> None:
    hidden = f"§{secret}§"
    for uri in (
        f"{scheme}://u:{hidden}@host/a",
        f"{scheme}://{hidden}@x@host/a",
        f"{scheme}://host/a?sig={hidden}#{hidden}",
    ):
        assert hidden not in show_uri(uri)
        with pytest.raises(ForbiddenUriError) as refusal:
            parse_store_uri(uri)
        assert hidden not in str(refusal.value)


PRIVATE = [
    "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_forbidden_and_not_shown(address: str) -> None:
    with pytest.raises(ForbiddenUriError, match="OFFSAMPLE_ALLOWED_NETWORKS") as refusal:
        AllowedStores().require_addresses("some-host", ["93.184.216.34", address])
    assert address not in str(refusal.value)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_a_public_address_is_allowed(address: str) -> None:
    AllowedStores().require_addresses("host", [address])


def test_an_allowed_network_allows_no_other_network() -> None:
    allowed = AllowedStores(networks=(ipaddress.ip_network("10.0.0.0/8"),))
    allowed.require_addresses("host", ["10.1.2.3"])
    with pytest.raises(ForbiddenUriError):
        allowed.require_addresses("host", ["10.1.2.3", "192.168.0.1"])


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_embedded_in_ipv6_is_treated_alike(address: ipaddress.IPv4Address) -> None:
    def is_allowed(text: str) -> bool:
        try:
            AllowedStores().require_addresses("host", [text])
        except ForbiddenUriError:
            return False
        return True

    number = int(address)
    embedded = [f"::ffff:{address}", str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80)))]
    embedded.append(str(ipaddress.IPv6Address((0x64FF9B << 96) | number)))
    assert {is_allowed(text) for text in embedded} == {is_allowed(str(address))}
