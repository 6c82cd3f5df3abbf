"""The URL of the server: validation, display without password, and Celery's form of it."""

from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

_SCHEMES = ("redis", "rediss", "unix")
_OPTIONS = frozenset(
    {"db", "username", "password", "client_name", "protocol", "health_check_interval", "socket_timeout"}
    | {"socket_connect_timeout", "max_connections"}
)
_SECRETS = frozenset({"password", "ssl_password"})
_HINT = (
    "expected redis://USER:PASSWORD@HOST:PORT/DATABASE, the same with rediss://, or unix://PATH?db=DATABASE,"
    " with special characters in USER and PASSWORD percent-encoded (# is %23, / is %2F, ? is %3F, @ is %40)"
)


def require_server_url(url: str) -> str:
    """Return the URL unchanged if it can be parsed without ambiguity.

    Raises
    ------
    ValueError
        With no part of the URL in its text, because any part may belong to a password.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(f"the URL cannot be parsed; {_HINT}") from None
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"the URL does not begin with redis://, rediss:// or unix://; {_HINT}")
    if parts.fragment or "#" in url or any(mark.isspace() for mark in url):
        raise ValueError(f"the URL contains a # or a blank; {_HINT}")
    is_socket = parts.scheme == "unix"
    if "@" in parts.path + parts.query or (not is_socket and not _is_database(parts.path)):
        raise ValueError(f"the database is not a number; {_HINT}")
    if (not is_socket and not parts.hostname) or (is_socket and not parts.path.strip("/")):
        raise ValueError(f"the URL has no {'path' if is_socket else 'host'}; {_HINT}")
    options = parse_qsl(parts.query, keep_blank_values=True)
    for name, value in options:
        if name == "db" and not _is_database(value):
            raise ValueError(f"the database is not a number; {_HINT}")
        if name not in _OPTIONS and not name.startswith("ssl_"):
            known = ", ".join(sorted(_OPTIONS))
            raise ValueError(f"the URL has an unknown option; expected one of {known}, or a TLS option (ssl_…)")
    return url


def without_password(url: str) -> str:
    """The URL with every password as `***`, and a user without a password too, which may be a mistyped password."""
    parts = urlsplit(url)
    login, at, address = parts.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    shown = f"{user}:***" if colon else "***"
    options = [(name, "***" if name in _SECRETS else value) for name, value in parse_qsl(parts.query)]
    return _assemble(parts.scheme, f"{shown}@{address}" if at else address, parts.path, options)


def split_login(url: str) -> tuple[str | None, str | None, str]:
    """User and password of a URL, and the URL without them."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    user, password = options.pop("username", None), options.pop("password", None)
    user = unquote(parts.username) if parts.username else user
    password = unquote(parts.password) if parts.password else password
    return user, password, _assemble(parts.scheme, parts.netloc.rpartition("@")[2], parts.path, options.items())


def broker_url(url: str) -> str:
    """The same server, user and database in Celery's form.

    A unix socket is redis+socket, its database is virtual_host, and user and password must precede the host.
    """
    user, password, bare = split_login(url)
    parts = urlsplit(bare)
    options = dict(parse_qsl(parts.query))
    login = quote(user or "", safe="") + (f":{quote(password, safe='')}" if password else "")
    netloc = (f"{login}@" if login else "") + parts.netloc
    database = options.pop("db", None)
    if parts.scheme == "unix":
        options |= {} if database is None else {"virtual_host": database}
        return _assemble("redis+socket", netloc, parts.path, options.items())
    return _assemble(parts.scheme, netloc, parts.path if database is None else f"/{database}", options.items())


def _assemble(scheme: str, netloc: str, path: str, options: Iterable[tuple[str, str]]) -> str:
    query = urlencode(list(options), safe="*/")
    return f"{scheme}://{netloc}{path}" + (f"?{query}" if query else "")


def _is_database(text: str) -> bool:
    number = text.removeprefix("/")
    return not number or (number.isascii() and number.isdigit())
