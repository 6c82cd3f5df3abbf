"""Everything an operator may set, read from the environment once, by the composition root."""

import os
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from model_store.predictors.predictor import Engine
from model_store.release import RELEASES_ROOT
from shared.errors import ConfigurationError, ForbiddenUriError
from shared.limits import Limits
from worker.access.allowed_stores import AllowedStores
from worker.access.store_uri import HTTP_PORTS, parse_store_uri
from worker.ledger.names import Names
from worker.server.tls import with_explicit_tls
from worker.server.url import require_server_url
from worker.sources.metaspace_dataset import METASPACE_URL, MetaspaceAccess
from worker.stores.opening import StoreAccess
from worker.stores.store import RetryPolicy

_DEFAULT_LIMITS = Limits()
_LEAST_LEASE_SECONDS = 30.0
_PREFIX = "OFFSAMPLE_"
_NEAR = 0.75
"""How alike a name must be to a setting's to pass for it misspelt; 1 = the same."""

_OF_TESTS = "TEST_"


class Settings(BaseSettings):
    """The worker's settings; each is the environment variable `OFFSAMPLE_` + its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, frozen=True, extra="ignore", use_attribute_docstrings=True, allow_inf_nan=False
    )

    redis_url: Annotated[str, AfterValidator(require_server_url), AfterValidator(with_explicit_tls)] = (
        "redis://127.0.0.1:6379/0"
    )
    """Server of ledger and tickets: Redis >= 7 or Valkey."""
    namespace: str = Field(default="offsample", pattern=r"^[A-Za-z0-9_.:{}-]+$")
    """Prefix of every key on the server; braces (`{offsample}`) put all keys into one hash slot."""
    allowed_roots: Annotated[tuple[Path, ...], NoDecode] = ()
    """Folders below which events may name ion images, separated by `:`; nothing else is read."""
    allowed_stores: Annotated[tuple[str, ...], NoDecode] = ()
    """Prefixes such as `s3://bucket https://host/folder`, below which events may name stores; nothing else is."""
    allowed_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """Networks such as `10.0.0.0/8 ::1/128` that http(s) stores may lie in though they are not public."""
    metaspace_url: str = METASPACE_URL
    """The METASPACE that events of kind `metaspace` are read from, if `OFFSAMPLE_ALLOWED_STORES` names it too."""
    metaspace_api_key: SecretStr | None = None
    """Key for datasets on METASPACE that are not public; unset = only public ones."""
    release: str | None = None
    """Release that classifies when an event pins none; unset = the one that ships."""
    releases_root: Path = RELEASES_ROOT
    """Folder of the installed releases."""
    engine: Engine = Engine.AUTO
    """`onnx`, `tensorflow`, or `auto`: TensorFlow where there is a GPU, else ONNX Runtime."""
    concurrency: int = Field(default=0, ge=0, le=256)
    """Events run at once by one worker; 0 = one per device (GPU, or the CPU as a whole)."""
    threads: int = Field(default=0, ge=0, le=1024)
    """CPU threads of one predictor; 0 = all cores."""
    fetch_threads: int = Field(default=4, ge=1, le=256)
    """Ion images fetched from a store at once for one event; a local folder is read by half as many threads."""
    fetch_attempts: int = Field(default=3, ge=1, le=10)
    """How often a store is asked for one file before it counts as away."""
    fetch_timeout_seconds: float = Field(default=15.0, gt=0, le=600)
    """How long one such attempt may take."""
    lease_seconds: float = Field(default=60.0, ge=1, le=3600)
    """How long an event stays with a silent worker; at least 30, if `OFFSAMPLE_ALLOW_SHORT_LEASE` is not set."""
    allow_short_lease: bool = False
    """Take a lease below 30 s, of which a busy worker may lose its event to another; for tests."""
    max_deliveries: int = Field(default=5, ge=1, le=1000)
    """How often an event is started before it is put among the dead letters."""
    event_timeout_seconds: float = Field(default=3600.0, ge=1, le=86_400)
    """How long one event may run; then it is rejected."""
    retry_seconds: float = Field(default=15.0, ge=0.1, le=3600)
    """How long an event whose store is away rests before it is tried again; doubled each time, up to 15 minutes."""
    unavailable_seconds: float = Field(default=86_400.0, ge=1, le=30 * 86_400)
    """How long such an event is tried again; then it is rejected (`store_unavailable`) and dead-lettered."""
    drain_seconds: float = Field(default=300.0, ge=0, le=86_400)
    """After SIGTERM, how long running events may go on before they are handed back."""
    ticket_seconds: float = Field(default=0.1, ge=0.01, le=60)
    """How often a worker looks for waiting events; at most a quarter of a lease."""
    done_seconds: int = Field(default=7 * 86_400, ge=60)
    """How long a finished event is remembered; longer than backlog and unread results live."""
    max_memory_bytes: int = Field(default=0, ge=0)
    """Memory one pool child may take, bytes; 0 = its share of what machine or container have."""
    max_event_bytes: int = Field(default=_DEFAULT_LIMITS.event_bytes, ge=1)
    """Largest event, and largest file that an `annotations_uri` names, bytes."""
    max_event_ions: int = Field(default=_DEFAULT_LIMITS.event_ions, ge=1, le=1_000_000)
    """Most ion images of one event."""
    max_image_file_bytes: int = Field(default=_DEFAULT_LIMITS.image_file_bytes, ge=1)
    """Largest ion-image file, bytes."""
    max_image_pixels: int = Field(default=_DEFAULT_LIMITS.image_pixels, ge=1)
    """Most pixels of one ion image."""
    max_image_side_px: int = Field(default=_DEFAULT_LIMITS.image_side_px, ge=1, le=16_384)
    """Longest side of one ion image, px."""
    max_array_file_bytes: int = Field(default=_DEFAULT_LIMITS.array_file_bytes, ge=1)
    """Largest array file, packed or unpacked, bytes."""
    max_array_chunk_bytes: int = Field(default=_DEFAULT_LIMITS.array_chunk_bytes, ge=1)
    """Largest chunk of a zarr or HDF5 array, unpacked, bytes; in zarr, all chunks of the same images together."""
    max_imzml_bytes: int = Field(default=_DEFAULT_LIMITS.imzml_bytes, ge=1)
    """Largest .imzML file, bytes."""
    max_ibd_bytes: int = Field(default=_DEFAULT_LIMITS.ibd_bytes, ge=1)
    """Largest .ibd file, bytes; it is streamed."""
    log_level: str = Field(default="INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$")
    """DEBUG, INFO, WARNING or ERROR."""

    @field_validator("allowed_roots", mode="before")
    @classmethod
    def _split_roots(cls, value: object) -> object:
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

    @field_validator("metaspace_url")
    @classmethod
    def _require_plain_url(cls, url: str) -> str:
        try:
            if parse_store_uri(url).scheme not in HTTP_PORTS:
                raise ValueError("expected https://… or http://…")
        except ForbiddenUriError as error:
            raise ValueError(str(error)) from error
        return url

    @field_validator("allowed_roots")
    @classmethod
    def _require_absolute_roots(cls, roots: tuple[Path, ...]) -> tuple[Path, ...]:
        if any(not root.is_absolute() for root in roots):
            raise ValueError("expected absolute folders")
        return roots

    @model_validator(mode="after")
    def _require_steady_clock(self) -> Self:
        """The outage clock stands still between two looks: rarer ones would pass for an outage."""
        if self.ticket_seconds > self.lease_seconds / 4:
            msg = "OFFSAMPLE_TICKET_SECONDS is above a quarter of OFFSAMPLE_LEASE_SECONDS; expected at most that"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _require_long_lease(self) -> Self:
        if self.lease_seconds < _LEAST_LEASE_SECONDS and not self.allow_short_lease:
            raise ValueError(
                f"OFFSAMPLE_LEASE_SECONDS is {self.lease_seconds:g}, which code that holds the interpreter for long can"
                f" outlast; expected at least {_LEAST_LEASE_SECONDS:g}, or OFFSAMPLE_ALLOW_SHORT_LEASE=1 in a test"
            )
        return self

    @field_validator("release", "metaspace_api_key", mode="before")
    @classmethod
    def _take_empty_as_unset(cls, value: object) -> object:
        return value or None

    @classmethod
    def read(cls) -> Self:
        """Read the environment.

        Raises
        ------
        ConfigurationError
            Naming the variable that is wrong, or that looks like one misspelt.
        """
        try:
            _require_known_names()
            return cls()
        except ValidationError as error:
            findings = "; ".join(
                "".join(f"OFFSAMPLE_{str(name).upper()}: " for name in found["loc"][:1])
                + found["msg"].removeprefix("Value error, ")
                for found in error.errors(include_url=False, include_input=False, include_context=False)
            )
            raise ConfigurationError(f"settings are wrong: {findings}") from error

    @property
    def names(self) -> Names:
        """Where everything lies on the server."""
        return Names(self.namespace)

    @property
    def store_access(self) -> StoreAccess:
        """Which stores may be read, and how patiently."""
        prefixes = tuple(parse_store_uri(prefix) for prefix in self.allowed_stores)
        return StoreAccess(
            AllowedStores(prefixes, self.allowed_networks),
            RetryPolicy(self.fetch_attempts, self.fetch_timeout_seconds),
        )

    @property
    def metaspace(self) -> MetaspaceAccess:
        """Which METASPACE is asked, and as whom."""
        return MetaspaceAccess(self.metaspace_url, self.metaspace_api_key)

    @property
    def limits(self) -> Limits:
        """Caps on foreign input."""
        return Limits(
            event_bytes=self.max_event_bytes,
            event_ions=self.max_event_ions,
            image_file_bytes=self.max_image_file_bytes,
            image_pixels=self.max_image_pixels,
            image_side_px=self.max_image_side_px,
            array_file_bytes=self.max_array_file_bytes,
            array_chunk_bytes=self.max_array_chunk_bytes,
            imzml_bytes=self.max_imzml_bytes,
            ibd_bytes=self.max_ibd_bytes,
        )


def unknown_variables() -> dict[str, str | None]:
    """Variables of the environment that begin as settings do and are none; each with the setting it seems to mean.

    Others than people set such variables too: a cluster names a service of its own `OFFSAMPLE_SERVICE_HOST`.
    """
    known = [name.upper() for name in Settings.model_fields]
    said = [name.upper().removeprefix(_PREFIX) for name in os.environ if name.upper().startswith(_PREFIX)]
    unknown = sorted(name for name in said if name not in known and not name.startswith(_OF_TESTS))
    near = {name: get_close_matches(name, known, n=1, cutoff=_NEAR) for name in unknown}
    return {f"{_PREFIX}{name}": f"{_PREFIX}{found[0]}" if found else None for name, found in near.items()}


def _require_known_names() -> None:
    misspelt = [f"{name} is no setting; expected {near}" for name, near in unknown_variables().items() if near]
    if misspelt:
        raise ConfigurationError("; ".join(misspelt))
