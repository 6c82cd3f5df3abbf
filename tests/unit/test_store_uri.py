"""URIs of stores: each hostile one is refused with its own sentence, none is echoed with what may be a credential."""

import ipaddress
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ForbiddenUriError
from worker.access.allowed_stores import AllowedStores
from worker.access.shown_uri import show_uri
from worker.access.store_uri import is_remote, parse_store_uri

HOSTILE = [
    ("https://user:secret@host/a.png", "carries a user or password"),
    ("https://secret@host/a.png", "carries a user or password"),
    ("https://host@evil.example/a.png", "carries a user or password"),
    ("s3://key:secret@bucket/a.png", "carries a user or password"),
    ("https://host/a.png?X-Amz-Signature=secret", "has a query or fragment"),
    ("https://host/a.png?", "has a query or fragment"),
    ("https://host/a.png#secret", "has a query or fragment"),
    ("s3://bucket/a.png?versionId=secret", "has a query or fragment"),
    ("https://host/../a.png", "`.`, `..`, a backslash"),
    ("https://host/x/%2e%2e/a.png", "plain or encoded"),
    ("https://host/x/%252e%252e/a.png", "plain or encoded"),
    ("https://host/x/.%2e%2fa.png", "plain or encoded"),
    ("https://host/x%5c..%5ca.png", "plain or encoded"),
    ("https://host/a%00.png", "plain or encoded"),
    ("https://host/a%0d%0aHost:%20evil", "plain or encoded"),
    ("https://host/a%252525252525252541.png", "again and again"),
    ("https://host/x/./a.png", "`.`, `..`, a backslash"),
    ("s3://bucket/x/../a.png", "`.`, `..`, a backslash"),
    ("https://host\\@evil/a.png", "backslashes"),
    ("https://host/a\\..\\b", "backslashes"),
    ("https://host/a b.png", "blanks, control characters"),
    ("https://ho\tst/a.png", "blanks, control characters"),
    ("https://host/a\0.png", "blanks, control characters"),
    ("https://host/a\n.png", "blanks, control characters"),
    ("https://höst/a.png", "names no plain host"),
    ("https://ⓛocalhost/a.png", "names no plain host"),
    ("https://host%2eevil/a.png", "names no plain host"),
    ("https:///a.png", "names no plain host"),
    ("https://host:99999/a.png", "is no usable URI"),
    ("https://host:-1/a.png", "is no usable URI"),
    ("https://host:port/a.png", "is no usable URI"),
    ("https://[::1/a.png", "is no usable URI"),
    ("https://host/ä.png", "beyond ASCII"),
    ("s3://Bucket/a.png", "is no place this worker reads"),
    ("s3://bucket:80/a.png", "is no place this worker reads"),
    ("s3:///a.png", "is no place this worker reads"),
    ("s3://arn:aws:s3:::bucket/a.png", "is no place this worker reads|is no usable URI"),
    ("ftp://host/a.png", "is no place this worker reads"),
    ("gopher://host/a.png", "is no place this worker reads"),
    ("ssh://host/a.png", "is no place this worker reads"),
    ("github://org:repo@main/a.png", "carries a user|is no usable URI"),
    ("zip://a.png::https://host/a.zip", "is no place|names no plain|no usable"),
    ("simplecache::https://host/a.png", "is no place this worker reads"),
    ("data:image/png;base64,AAAA", "is no place this worker reads"),
    ("https://host/\ud800", "blanks, control characters"),
]


@pytest.mark.parametrize(("uri", "sentence"), HOSTILE, ids=lambda value: ascii(value)[:40])
def test_a_hostile_uri_is_refused_with_its_own_sentence(uri: str, sentence: str) -> None:
    with pytest.raises(ForbiddenUriError, match=sentence) as refusal:
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
def test_what_means_one_thing_is_taken_apart(uri: str, meaning: str) -> None:
    assert str(parse_store_uri(uri)) == meaning


@pytest.mark.parametrize("uri", ["/data/a", "file:///data", "FILE:///data", "data", "s3:/bucket", "C:\\data", ""])
def test_a_local_path_is_not_remote(uri: str) -> None:
    assert not is_remote(uri)


ALLOWED = AllowedStores(tuple(map(parse_store_uri, ["s3://ions/public", "https://host/a/", "http://host:8080"])))


@pytest.mark.parametrize(
    "uri",
    ["s3://ions/public", "s3://ions/public/x.png", "https://host/a/x", "https://host:443/a", "http://host:8080/x"],
)
def test_what_lies_below_a_prefix_is_allowed(uri: str) -> None:
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
def test_what_lies_elsewhere_is_forbidden(uri: str) -> None:
    with pytest.raises(ForbiddenUriError, match=r"lies outside|names no plain host"):
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
def test_whatever_follows_a_prefix_stays_below_it_or_is_forbidden(rest: str) -> None:
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
def test_an_address_that_is_not_public_is_forbidden_and_not_told(address: str) -> None:
    with pytest.raises(ForbiddenUriError, match="OFFSAMPLE_ALLOWED_NETWORKS") as refusal:
        AllowedStores().require_addresses("some-host", ["93.184.216.34", address])
    assert address not in str(refusal.value)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_a_public_address_is_allowed(address: str) -> None:
    AllowedStores().require_addresses("host", [address])


def test_an_allowed_network_opens_itself_and_no_other() -> None:
    allowed = AllowedStores(networks=(ipaddress.ip_network("10.0.0.0/8"),))
    allowed.require_addresses("host", ["10.1.2.3"])
    with pytest.raises(ForbiddenUriError):
        allowed.require_addresses("host", ["10.1.2.3", "192.168.0.1"])


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_however_it_is_wrapped(address: ipaddress.IPv4Address) -> None:
    def is_allowed(text: str) -> bool:
        try:
            AllowedStores().require_addresses("host", [text])
        except ForbiddenUriError:
            return False
        return True

    number = int(address)
    wrapped = [f"::ffff:{address}", str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80)))]
    wrapped.append(str(ipaddress.IPv6Address((0x64FF9B << 96) | number)))
    assert {is_allowed(text) for text in wrapped} == {is_allowed(str(address))}
