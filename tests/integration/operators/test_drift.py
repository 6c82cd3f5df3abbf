"""`offsample drift` on profiles as workers record them."""

import shutil
import time
from pathlib import Path

import pytest
from ledger_driving import NAMES
from live_service import LiveServer
from operators_driving import Offsample, open_ledger

from model_store.profile import DatasetProfile
from model_store.release import RELEASES_ROOT, default_version, open_release
from worker.ledger.presence import PROFILES_KEPT

OTHER = "2026.11.3"


@pytest.fixture(scope="module")
def profiles() -> list[DatasetProfile]:
    """Those of the default release's own reference."""
    reference = open_release().find_reference()
    assert reference is not None
    return reference.profiles


def record(server: LiveServer, profiles: list[DatasetProfile], release: str | None = None, **changes: float) -> None:
    """Record datasets as a worker does."""
    hints = open_ledger(server).hints
    for profile in profiles:
        text = profile.model_copy(update=changes).model_dump_json()
        hints.record_profile(release or default_version(), text)


def test_datasets_like_the_reference_have_not_moved(
    server: LiveServer, offsample: Offsample, profiles: list[DatasetProfile]
) -> None:
    record(server, profiles)
    ended = offsample("drift", "--json")
    assert (ended.code, ended.json["verdict"]) == (0, "unmoved")
    assert (ended.json["datasets"], ended.json["compared_with"]) == (len(profiles), len(profiles))
    assert {one["p_value"] for one in ended.json["features"]} == {1.0}


def test_what_moved_is_said_in_a_sentence_with_exit_code_4(
    server: LiveServer, offsample: Offsample, profiles: list[DatasetProfile]
) -> None:
    record(server, profiles, zero_share=0.99)
    ended = offsample("drift")
    assert ended.code == 4
    first, *table = ended.output.splitlines()
    assert first.startswith(f"between {len(profiles)} datasets of release {default_version()}")
    assert "the share of pixels without signal rose from 0.332 to 0.99 (p = " in first
    assert [line for line in table if "zero_share" in line]
    assert offsample("drift", "--json").json["sentence"] == first


def test_too_few_datasets_have_exit_code_5_and_those_of_other_releases_do_not_count(
    server: LiveServer, offsample: Offsample, profiles: list[DatasetProfile]
) -> None:
    record(server, profiles[:9])
    record(server, profiles, release=OTHER)
    ended = offsample("drift", "--json")
    assert (ended.code, ended.json["verdict"], ended.json["datasets"]) == (5, "undecided", 9)
    assert offsample("drift", "--release", OTHER, "--json").json["datasets"] == len(profiles)


def test_recent_datasets_are_compared_with_earlier_ones(
    server: LiveServer, offsample: Offsample, profiles: list[DatasetProfile]
) -> None:
    record(server, profiles, off_share=0.1)
    time.sleep(2.5)
    record(server, profiles[:12], off_share=0.9)
    for window in (("--datasets", "12"), ("--since", "2s")):
        ended = offsample("drift", "--against", "earlier", *window, "--json")
        assert ended.code == 4
        assert (ended.json["datasets"], ended.json["compared_with"]) == (12, len(profiles))
        assert [one["feature"] for one in ended.json["features"] if one["moved"]] == ["off_share"]


def test_a_release_without_reference_can_only_be_compared_with_earlier_datasets(
    server: LiveServer,
    offsample: Offsample,
    profiles: list[DatasetProfile],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    version = default_version()
    (tmp_path / version).symlink_to(RELEASES_ROOT / version)
    shutil.copy(RELEASES_ROOT / "DEFAULT", tmp_path)
    monkeypatch.setenv("OFFSAMPLE_RELEASES_ROOT", str(tmp_path))
    record(server, [*profiles, *profiles])
    ended = offsample("drift")
    assert (ended.code, "--against earlier" in ended.errors) == (1, True)
    assert offsample("drift", "--against", "earlier", "--datasets", "21").code == 0


def test_an_unknown_release_is_invalid_input(offsample: Offsample) -> None:
    assert offsample("drift", "--release", "1900.1.1").code == 1


def test_only_the_last_profiles_are_kept_and_foreign_ones_are_skipped(
    server: LiveServer, offsample: Offsample, profiles: list[DatasetProfile]
) -> None:
    connection = server.connect()
    for _ in range(60):
        record(server, profiles)
    assert PROFILES_KEPT <= connection.xlen(NAMES.profiles) < 1.2 * PROFILES_KEPT
    connection.xadd(NAMES.profiles, {"profile": "{}", "release": default_version()})
    connection.xadd(NAMES.profiles, {"something": "else"})
    assert offsample("drift", "--json").json["datasets"] == 100
