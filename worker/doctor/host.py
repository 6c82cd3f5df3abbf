"""What this machine has: release, folders, and settings that depend on each other."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from model_store.opening import choose_engine
from shared.errors import ConfigurationError, ReleaseError, UnknownReleaseError
from shared.files.temporary_room import require_temporary_folder
from worker.doctor.finding import Finding, failure, ok, warning
from worker.settings import LEAST_LEASE_SECONDS, Settings
from worker.tickets import TICK_SECONDS
from worker.tracing.opening import SWITCH, wants_tracing

_LEAST_FREE_BYTES = 5 * 2**30
_MOST_FETCH_SECONDS = 20.0
_TICKS_PER_LEASE = 20


def check_host(settings: Settings) -> Iterator[Finding]:
    """Findings about what is installed and mounted here."""
    yield _check_release(settings)
    yield from map(_check_root, settings.allowed_roots)
    if not settings.allowed_roots and not settings.allowed_stores:
        yield warning(
            "roots and stores",
            "events may name nothing, so every one will be rejected",
            "set OFFSAMPLE_ALLOWED_ROOTS or OFFSAMPLE_ALLOWED_STORES",
        )
    yield _check_temporary_folder()
    yield _check_tracing()


def check_times(settings: Settings) -> Iterator[Finding]:
    """Findings about durations that depend on each other."""
    lease, tick = settings.lease_seconds, TICK_SECONDS
    found = f"a lease of {lease:g} s, and a look for work every {tick:g} s"
    if lease < _TICKS_PER_LEASE * tick:
        advice = f"set OFFSAMPLE_LEASE_SECONDS to {LEAST_LEASE_SECONDS:g} or more"
        yield failure("lease", f"{found}: each look would seem to come after an outage", advice)
    elif lease < LEAST_LEASE_SECONDS:
        advice = f"set OFFSAMPLE_LEASE_SECONDS to {LEAST_LEASE_SECONDS:g} or more, except in tests"
        yield warning("lease", f"{found}: a busy worker may lose its event to another", advice)
    else:
        yield ok("lease", found)
    if settings.done_seconds < settings.unavailable_seconds + settings.event_timeout_seconds:
        yield warning(
            "done records",
            "finished events are forgotten before a repeat of them would be given up",
            "set OFFSAMPLE_DONE_SECONDS above OFFSAMPLE_UNAVAILABLE_SECONDS plus OFFSAMPLE_EVENT_TIMEOUT_SECONDS",
        )
    if settings.fetch_timeout_seconds >= _MOST_FETCH_SECONDS:
        yield warning(
            "fetch time-out",
            f"three attempts of {settings.fetch_timeout_seconds:g} s may exceed the minute that an event has after its"
            " deadline",
            f"set OFFSAMPLE_FETCH_TIMEOUT_SECONDS below {_MOST_FETCH_SECONDS:g}",
        )


def _check_release(settings: Settings) -> Finding:
    try:
        release = settings.open_release()
        engine = choose_engine(settings.engine)
    except (ReleaseError, UnknownReleaseError, ConfigurationError) as error:
        return failure("release", str(error), "install the release again, or correct OFFSAMPLE_RELEASE")
    return ok("release", f"{release.version} is intact, and runs with {engine.value}")


def _check_root(root: Path) -> Finding:
    check = f"root {root}"
    try:
        with os.scandir(root) as entries:
            first = next(entries, None)
    except OSError as error:
        return failure(check, f"cannot be read ({error.strerror})", "mount it, or correct OFFSAMPLE_ALLOWED_ROOTS")
    if first is None:
        return warning(check, "is empty", "mount it, if it is a mount point: events would be rejected as not_found")
    return ok(check, "can be read")


def _check_tracing() -> Finding:
    try:
        is_wanted = wants_tracing()
    except ConfigurationError as error:
        return failure("traces", str(error), f"install the extra `tracing`, or unset {SWITCH}")
    return ok("traces", "are sent to a collector" if is_wanted else "are not sent")


def _check_temporary_folder() -> Finding:
    try:
        folder = require_temporary_folder()
    except ConfigurationError as error:
        return failure("temporary folder", str(error), "set TMPDIR to a writable one, or make room")
    free = shutil.disk_usage(folder).free
    found = f"{folder} has {free / 2**30:.1f} GiB free"
    if free < _LEAST_FREE_BYTES:
        return warning(
            "temporary folder",
            found,
            "set TMPDIR to a folder with 25 KB for each ion image of a running event, and with 5 GiB for each child if"
            " events are imzML; events that do not fit are postponed",
        )
    return ok("temporary folder", found)
