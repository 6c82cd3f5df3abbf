"""A server's address: whether it can be understood, how it may be shown, and what Celery calls it."""

from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

_SCHEMES = ("redis", "rediss", "unix")
_OPTIONS = frozenset(
    {"db", "username", "password", "client_name", "protocol", "health_check_interval", "socket_timeout"}
    | {"socket_connect_timeout", "max_connections"}
)
_SECRETS = frozenset({"password", "ssl_password"})
_HINT = (
    "expected redis://USER:PASSWORD@HOST:PORT/DATABASE, rediss:// alike, or unix://PATH?db=DATABASE, with what is"
    " special in USER and PASSWORD percent-encoded (# is %23, / is %2F, ? is %3F, @ is %40)"
)


def require_server_url(url: str) -> str:
    """The URL as it is, when every part of it can be told from the others.

    Raises
    ------
    ValueError
        In words that hold nothing of the URL but the name of an option, for any part may be a piece of a password.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(f"it cannot be taken apart; {_HINT}") from None
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"it names no redis://, rediss:// or unix:// server; {_HINT}")
    if parts.fragment or "#" in url or any(mark.isspace() for mark in url):
        raise ValueError(f"it has a # or a blank in it; {_HINT}")
    is_socket = parts.scheme == "unix"
    if "@" in parts.path + parts.query or (not is_socket and not _is_database(parts.path)):
        raise ValueError(f"its database is no number; {_HINT}")
    if (not is_socket and not parts.hostname) or (is_socket and not parts.path.strip("/")):
        raise ValueError(f"it names no {'path' if is_socket else 'host'}; {_HINT}")
    options = parse_qsl(parts.query, keep_blank_values=True)
    for name, value in options:
        if name == "db" and not _is_database(value):
            raise ValueError(f"its database is no number; {_HINT}")
        if name not in _OPTIONS and not name.startswith("ssl_"):
            known = ", ".join(sorted(_OPTIONS))
            raise ValueError(f"it has an option that no server has; expected one of {known} or those of TLS (ssl_…)")
    return url


def without_password(url: str) -> str:
    """The URL with every password as `***`, wherever it stands; a user without one may be a password, too."""
    parts = urlsplit(url)
    login, at, place = parts.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    shown = f"{user}:***" if colon else "***"
    options = [(name, "***" if name in _SECRETS else value) for name, value in parse_qsl(parts.query)]
    return _assemble(parts.scheme, f"{shown}@{place}" if at else place, parts.path, options)


def broker_url(url: str) -> str:
    """The same server, user and database as Celery calls them.

    A unix socket is redis+socket, its database virtual_host, and user and password stand nowhere but before the host.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    user, password = options.pop("username", None), options.pop("password", None)
    user = unquote(parts.username) if parts.username else user
    password = unquote(parts.password) if parts.password else password
    login = quote(user or "", safe="") + (f":{quote(password, safe='')}" if password else "")
    netloc = (f"{login}@" if login else "") + parts.netloc.rpartition("@")[2]
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
