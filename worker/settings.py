"""Everything an operator can set, read from the environment."""

import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from model_store.predictors.predictor import Engine
from model_store.release import RELEASES_ROOT, Release, open_release
from shared.errors import ConfigurationError, ForbiddenUriError
from shared.files.secret_file import read_secret
from shared.limits import Limits
from worker.access.allowed_stores import AllowedStores
from worker.access.store_uri import HTTP_PORTS, parse_store_uri
from worker.ledger.names import Names
from worker.server.tls import with_explicit_tls
from worker.server.url import require_server_url
from worker.sources.metaspace_dataset import METASPACE_URL, MetaspaceAccess
from worker.stores.opening import StoreAccess
from worker.stores.store import RetryPolicy
from worker.variables import PREFIX, SECRETS, describe_wrong_value, find_unknown

if TYPE_CHECKING:
    from redis import Redis

_DEFAULT_LIMITS = Limits()
LEAST_LEASE_SECONDS = 30.0
"""Below this, a worker that is merely busy, as in long C code, may look dead to others."""


class Settings(BaseSettings):
    """The worker's settings; each is an environment variable, `OFFSAMPLE_` + its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", use_attribute_docstrings=True, allow_inf_nan=False
    )

    # What everybody sets.
    redis_url: Annotated[str, AfterValidator(require_server_url), AfterValidator(with_explicit_tls)] = (
        "redis://127.0.0.1:6379/0"
    )
    """The server, Redis >= 7 or Valkey."""
    redis_url_file: Path | None = None
    """Instead: a file that holds this URL; user and password are read again at each connection."""
    namespace: str = Field(default="offsample", pattern=r"^[A-Za-z0-9_.:{}-]+$")
    """Prefix of every key on the server; braces (`{offsample}`) put all keys into one hash slot."""
    allowed_roots: Annotated[tuple[Path, ...], NoDecode] = ()
    """Folders whose ion images events may name, separated by `:`; no other local file is read."""
    report_root: Path | None = None
    """Folder below which events may have reports written; unset = events that ask for one are rejected."""
    release: str | None = None
    """Release for events that name none; unset = the one that ships."""
    releases_root: Path = RELEASES_ROOT
    """Folder of the installed releases."""
    engine: Engine = Engine.AUTO
    """`onnx`, `tensorflow`, or `auto`: TensorFlow where there is a GPU, else ONNX Runtime."""
    http_address: str | None = None
    """`PORT` (loopback only) or `HOST:PORT` for /livez, /readyz and /metrics of a worker or gateway; unset = off."""
    trusted_keys: Annotated[tuple[Path, ...], NoDecode] = ()
    """Public keys (PEM files, separated by `:`), one of which must have signed a release; unset = none need be."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""

    # Stores and METASPACE.
    allowed_stores: Annotated[tuple[str, ...], NoDecode] = ()
    """URI prefixes that events may name stores below, separated by blanks, such as `s3://bucket https://host/folder`."""
    allowed_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """Private networks that http(s) stores may be in, separated by blanks, such as `10.0.0.0/8 ::1/128`."""
    metaspace_url: str = METASPACE_URL
    """The METASPACE server for events of kind `metaspace`; `OFFSAMPLE_ALLOWED_STORES` must name it too."""
    metaspace_api_key: SecretStr | None = None
    """API key for private METASPACE datasets; unset = public datasets only."""
    metaspace_api_key_file: Path | None = None
    """Instead: a file that holds this key; read again at each event."""
    fetch_threads: int = Field(default=4, ge=1, le=256)
    """Ion images fetched concurrently for one event from a store; from a local folder, half as many."""
    fetch_timeout_seconds: float = Field(default=15.0, gt=0, le=600)
    """How long one attempt to fetch a file may take; there are three."""
    retry_seconds: float = Field(default=15.0, ge=0.1, le=3600)
    """Delay before an event whose store is unavailable is tried again; doubled each time, up to 15 minutes."""
    unavailable_seconds: float = Field(default=86_400.0, ge=1, le=30 * 86_400)
    """How long such an event is retried before it is rejected (`store_unavailable`) and dead-lettered."""

    # Tuning.
    concurrency: int = Field(default=0, ge=0, le=256)
    """Events that one worker runs concurrently; 0 = one per device (GPU, or the CPU as a whole)."""
    threads: int = Field(default=0, ge=0, le=1024)
    """CPU threads of one predictor; 0 = all cores."""
    lease_seconds: float = Field(default=60.0, ge=1, le=3600)
    """How long an event stays with a silent worker; below 30, as in tests, a busy worker may lose it to another."""
    max_deliveries: int = Field(default=5, ge=1, le=1000)
    """How often an event is started before it is dead-lettered."""
    source_quota: int = Field(default=0, ge=0)
    """Events of one `source` that run at once, on all workers together; 0 = any number. Set it alike everywhere."""
    event_timeout_seconds: float = Field(default=3600.0, ge=1, le=86_400)
    """How long one event may run before it is rejected."""
    drain_seconds: float = Field(default=300.0, ge=0, le=86_400)
    """How long running events may continue after SIGTERM before they are released."""
    done_seconds: int = Field(default=7 * 86_400, ge=60)
    """How long a finished event is remembered; must exceed the age of the backlog and of unread results."""
    max_memory_bytes: int = Field(default=0, ge=0)
    """Memory limit of one pool child, bytes; 0 = its share of the memory of the machine or container."""
    max_event_bytes: int = Field(default=_DEFAULT_LIMITS.event_bytes, ge=1)
    """Largest event, and largest file of an `annotations_uri`, bytes."""

    @field_validator("allowed_roots", "trusted_keys", mode="before")
    @classmethod
    def _split_paths(cls, value: object) -> object:
        return tuple(part for part in value.split(os.pathsep) if part) if isinstance(value, str) else value

    @field_validator("allowed_stores", "allowed_networks", mode="before")
    @classmethod
    def _split_at_blanks(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("allowed_stores")
    @classmethod
    def _require_plain_prefixes(cls, prefixes: tuple[str, ...]) -> tuple[str, ...]:
        for prefix in prefixes:
            try:
                parse_store_uri(prefix)
            except ForbiddenUriError as error:
                raise ValueError(str(error)) from error
        return prefixes

    @field_validator("http_address")
    @classmethod
    def _require_address(cls, address: str | None) -> str | None:
        port = (address or "0").rpartition(":")[2]
        if not (port.isascii() and port.isdigit() and int(port) < 65_536):
            raise ValueError(f"expected PORT or HOST:PORT, got {address!r}")
        return address

    @field_validator("metaspace_url")
    @classmethod
    def _require_plain_url(cls, url: str) -> str:
        try:
            if parse_store_uri(url).scheme not in HTTP_PORTS:
                raise ValueError("expected https://… or http://…")
        except ForbiddenUriError as error:
            raise ValueError(str(error)) from error
        return url

    @field_validator("report_root", mode="before")
    @classmethod
    def _take_empty_path_as_unset(cls, value: object) -> object:
        return value or None

    @field_validator("report_root")
    @classmethod
    def _require_absolute_root(cls, root: Path | None) -> Path | None:
        if root is not None and not root.is_absolute():
            raise ValueError(f"expected an absolute folder, but {str(root)!r} is relative")
        return root

    @field_validator("allowed_roots")
    @classmethod
    def _require_absolute_roots(cls, roots: tuple[Path, ...]) -> tuple[Path, ...]:
        relative = next((root for root in roots if not root.is_absolute()), None)
        if relative is not None:
            raise ValueError(f"expected absolute folders, but {str(relative)!r} is relative")
        return roots

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The settings whose values are in files."""
        found = {}
        for name in SECRETS:
            path = values.get(f"{name}_file")
            if not path:
                continue
            if values.get(name):
                variable = f"{PREFIX}{name.upper()}"
                raise ValueError(f"expected either {variable} or {variable}_FILE, got both")
            try:
                found[name] = read_secret(Path(path))
            except OSError as error:
                raise ValueError(f"cannot read {path} ({error.strerror})") from error
        return values | found

    @field_validator(
        "release", "metaspace_api_key", "redis_url_file", "metaspace_api_key_file", "http_address", mode="before"
    )
    @classmethod
    def _take_empty_as_unset(cls, value: object) -> object:
        return value or None

    @classmethod
    def read(cls) -> Self:
        """Read the environment.

        Raises
        ------
        ConfigurationError
            Names the variable that is wrong or misspelt.
        """
        try:
            _require_known_names()
            return cls()
        except ValidationError as error:
            findings = "; ".join(map(describe_wrong_value, error.errors(include_url=False, include_context=False)))
            raise ConfigurationError(f"settings are wrong: {findings}") from error

    @classmethod
    def without_environment(cls) -> "Settings":
        """The defaults, whatever the environment holds."""
        return cls.model_construct()

    @property
    def names(self) -> Names:
        """Keys on the server."""
        return Names(self.namespace)

    def open_release(self, version: str | None = None) -> Release:
        """Find a release by version (None: the one for events that name none), and verify it.

        Raises
        ------
        UnknownReleaseError, ReleaseError, UntrustedReleaseError
            As `model_store.release.open_release` does.
        ConfigurationError
            When trusted keys cannot be used.
        """
        return open_release(version or self.release, self.releases_root, self.trusted_keys)

    @property
    def store_access(self) -> StoreAccess:
        """Which stores may be read, and how requests are retried."""
        prefixes = tuple(parse_store_uri(prefix) for prefix in self.allowed_stores)
        return StoreAccess(
            AllowedStores(prefixes, self.allowed_networks),
            RetryPolicy(timeout_seconds=self.fetch_timeout_seconds),
        )

    @property
    def metaspace(self) -> MetaspaceAccess:
        """The METASPACE server and API key."""
        return MetaspaceAccess(self.metaspace_url, self.metaspace_api_key, self.metaspace_api_key_file)

    def connect(self, socket_timeout_seconds: float = 10.0) -> "Redis":
        """A client of the server."""
        from worker.server.connection import connect  # noqa: PLC0415 - commands on files import nothing of the service

        return connect(self.redis_url, socket_timeout_seconds, self.redis_url_file)

    @property
    def http_endpoint(self) -> tuple[str, int] | None:
        """Host and port to listen on, if any."""
        if self.http_address is None:
            return None
        host, _, port = self.http_address.rpartition(":")
        return host.strip("[]") or "127.0.0.1", int(port)

    @property
    def limits(self) -> Limits:
        """Limits on foreign input."""
        return Limits(event_bytes=self.max_event_bytes)


def unknown_variables() -> dict[str, str | None]:
    """The unknown variables of the environment; see `find_unknown`."""
    return find_unknown(Settings.model_fields)


def _require_known_names() -> None:
    misspelt = [
        f"{name} is not a setting; expected {resembled}" for name, resembled in unknown_variables().items() if resembled
    ]
    if misspelt:
        raise ConfigurationError("; ".join(misspelt))
