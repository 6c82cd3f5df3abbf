"""TLS options of the server's URL, made explicit so that redis-py and Celery's kombu interpret them alike."""

from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_CERT_REQS = {"required": "required", "optional": "optional", "none": "none"} | {
    "cert_required": "required",
    "cert_optional": "optional",
    "cert_none": "none",
}
"""The names of redis-py and of Celery for how a certificate is verified, each with redis-py's."""

_BOOLEANS = {"true": "true", "yes": "true", "1": "true", "false": "false", "no": "false", "0": "false"}
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_OPTIONS = (*_FILES, "ssl_ca_path", "ssl_password", "ssl_cert_reqs", "ssl_check_hostname")


def with_explicit_tls(url: str) -> str:
    """Add to a `rediss://` URL how the server's certificate is verified; other URLs are unchanged.

    Without the option the certificate is required; kombu would verify nothing.

    Raises
    ------
    ValueError
        When a TLS option or its value is unknown, its file does not exist, or the URL is not a `rediss://` URL.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    tls = [name for name in options if name.startswith("ssl_")]
    if parts.scheme != "rediss":
        if tls:
            raise ValueError(f"expected rediss:// with {tls[0]}, got {parts.scheme}://")
        return url
    for name in tls:
        options[name] = _check_option(name, options[name])
    options.setdefault("ssl_cert_reqs", "required")
    return urlunsplit(parts._replace(query=urlencode(options, safe="*/")))


def _check_option(name: str, value: str) -> str:
    if name not in _OPTIONS:
        raise ValueError(f"expected one of {', '.join(_OPTIONS)}, got {name}")
    if name in _FILES and not Path(value).is_file():
        raise ValueError(f"expected {name} to name a file, got {value!r}")
    if name == "ssl_ca_path" and not Path(value).is_dir():
        raise ValueError(f"expected {name} to name a folder, got {value!r}")
    if name == "ssl_cert_reqs":
        return _look_up(name, value, _CERT_REQS, "required, optional or none")
    if name == "ssl_check_hostname":
        return _look_up(name, value, _BOOLEANS, "true or false")
    return value


def _look_up(name: str, value: str, known: dict[str, str], expected: str) -> str:
    if value.lower() not in known:
        raise ValueError(f"expected {name} to be {expected}, got {value!r}")
    return known[value.lower()]
