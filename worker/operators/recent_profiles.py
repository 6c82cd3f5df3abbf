"""The profiles of the datasets that were classified last, as workers record them."""

from collections.abc import Iterable
from typing import cast

from pydantic import BaseModel, ConfigDict, ValidationError
from redis import Redis

from model_store.profile import DatasetProfile
from model_store.reference import Reference
from worker.ledger.names import Names
from worker.ledger.presence import PROFILES_KEPT
from worker.operators.drift import Against, Drift, find_drift
from worker.operators.queue import entry_ms

WINDOW_DATASETS = 100
"""How many recent datasets are compared, unless said otherwise."""


class RecentProfile(BaseModel):
    """One classified dataset."""

    model_config = ConfigDict(frozen=True)

    classified_ms: int
    """When its answer was published, by the server's clock."""
    release: str
    profile: DatasetProfile


def read_recent_profiles(server: Redis, names: Names, most: int = PROFILES_KEPT) -> list[RecentProfile]:
    """The last `most` datasets that were classified, newest first; profiles that cannot be read are left out."""
    reply = server.xrevrange(names.profiles, count=most)
    found = []
    for entry_id, fields in cast("list[tuple[bytes, dict[bytes, bytes]]]", reply):
        try:
            profile = DatasetProfile.model_validate_json(fields[b"profile"])
        except (KeyError, ValidationError):
            continue
        release = fields.get(b"release", b"").decode()
        found.append(RecentProfile(classified_ms=entry_ms(entry_id.decode()), release=release, profile=profile))
    return found


def compare_with_reference(
    release: str, recent: Iterable[RecentProfile], reference: Reference, most: int = WINDOW_DATASETS
) -> Drift:
    """Compare the newest datasets of a release with its reference."""
    own = [one.profile for one in recent if one.release == release]
    return find_drift(release, own[:most], reference.profiles, Against.RELEASE)


def compare_with_earlier(release: str, recent: Iterable[RecentProfile], most: int = WINDOW_DATASETS) -> Drift:
    """Compare the newest datasets of a release with those before them."""
    own = [one.profile for one in recent if one.release == release]
    return find_drift(release, own[:most], own[most:], Against.EARLIER)
