"""The objects that one worker process needs, created once, after the fork, from the settings."""

from collections import OrderedDict
from dataclasses import dataclass, field

import structlog

from model_store.opening import open_predictor
from model_store.predictors.predictor import Predictor
from model_store.release import Release, default_version
from shared.errors import ReleaseError, UnknownReleaseError, UntrustedReleaseError
from shared.ion_image import make_ion_image
from shared.limits import Limits
from shared.png.image import decode_png, encode_png
from shared.preprocessing import preprocess
from worker.access.allowed_roots import AllowedRoots
from worker.ledger.active_release import ActiveRelease
from worker.ledger.ledger import Ledger
from worker.ledger.quota import SourceQuota
from worker.ledger.shadow_release import ShadowRelease
from worker.metrics.event_metrics import EventMetrics
from worker.server.outage import Outage
from worker.settings import Settings
from worker.sources.opening import SourceAccess
from worker.stores.outages import StoreOutages
from worker.tracing.opening import open_tracer
from worker.tracing.tracer import Tracer

_PINNED_KEPT = 2
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Predictors:
    """Open predictors by release version: the default one, and the most recently used pinned ones."""

    settings: Settings
    _open: OrderedDict[str, Predictor] = field(default_factory=OrderedDict)

    def find(self, version: str | None) -> Predictor:
        """The predictor of a release, opened and warmed up if necessary.

        Raises
        ------
        UnknownReleaseError
            When no such release is installed here, or it is not signed as it must be.
        """
        settings = self.settings
        default = settings.release or default_version(settings.releases_root)
        wanted = version or default
        if wanted not in self._open:
            release = self._open_release(wanted, is_default=wanted == default)
            self._open[wanted] = open_predictor(release, settings.engine, settings.threads or None)
            _log.info("release_opened", release=release.version, engine=self._open[wanted].engine.value)
        self._open.move_to_end(wanted)
        pinned = [found for found in self._open if found != default]
        if len(pinned) > _PINNED_KEPT:
            del self._open[pinned[0]]
        return self._open[wanted]

    def _open_release(self, version: str, *, is_default: bool) -> Release:
        try:
            return self.settings.open_release(version)
        except UntrustedReleaseError as error:
            if is_default:
                raise
            raise UnknownReleaseError(str(error)) from error


@dataclass(frozen=True)
class Runtime:
    """Everything needed to run an event."""

    settings: Settings
    ledger: Ledger
    quota: SourceQuota
    metrics: EventMetrics
    predictors: Predictors
    access: SourceAccess
    outages: StoreOutages
    tracer: Tracer
    active_release: ActiveRelease
    shadow_release: ShadowRelease

    def find_predictor(self, pinned: str | None) -> Predictor:
        """The predictor for an event: of the release that it names, else of the active one, else of the worker's own.

        An active release that cannot be used here is logged, and the worker's own is used: every result names its
        release.

        Raises
        ------
        UnknownReleaseError
            When the event names a release that is not installed here, or is not signed as it must be.
        """
        active = None if pinned is not None else self.active_release.read()
        try:
            return self.predictors.find(pinned or active)
        except (UnknownReleaseError, ReleaseError) as error:
            if active is None:
                raise
            _log.error("active_release_unusable", release=active, reason=str(error))
            return self.predictors.find(None)


def open_ledger(settings: Settings, outage: Outage | None = None, worker: str | None = None) -> Ledger:
    """A ledger for this process of a worker, which reports the success or failure of every call to `outage`."""
    return Ledger(
        settings.connect(),
        settings.names,
        lease_seconds=settings.lease_seconds,
        max_message_bytes=settings.max_event_bytes,
        done_seconds=settings.done_seconds,
        outage=outage,
        worker=worker,
    )


def open_quota(settings: Settings) -> SourceQuota:
    """The quota of every source, for this process."""
    return SourceQuota(settings.connect(), settings.names, settings.source_quota)


def open_active_release(settings: Settings) -> ActiveRelease:
    """The activated release, for this process."""
    return ActiveRelease(settings.connect(), settings.names)


def open_runtime(settings: Settings, worker: str | None = None) -> Runtime:
    """Create the runtime of this process of a worker, with the default release opened and warmed up."""
    predictors = Predictors(settings)
    predictors.find(None)
    _warm_decoding()
    access = SourceAccess(
        AllowedRoots(settings.allowed_roots),
        settings.limits,
        settings.fetch_threads,
        settings.store_access,
        settings.metaspace,
    )
    ledger = open_ledger(settings, Outage(), worker)
    quota = open_quota(settings)
    tracer = open_tracer(ledger.consumer)
    outages = StoreOutages(settings.retry_seconds)
    active_release = open_active_release(settings)
    shadow_release = ShadowRelease(settings.connect(), settings.names)
    return Runtime(
        settings, ledger, quota, EventMetrics(), predictors, access, outages, tracer, active_release, shadow_release
    )


def _warm_decoding() -> None:
    """Import what decoding and preprocessing need, so that the first event does not wait for it."""
    preprocess([decode_png(encode_png(make_ion_image([[0.0, 1.0]])), Limits())])
