"""`offsample releases active|activate`: one release for all workers, and back."""

from ledger_driving import NAMES
from live_service import LiveServer
from operators_driving import Offsample, open_ledger

from worker.ledger.active_release import ActiveRelease
from worker.ledger.presence import WorkerReport


def report(server: LiveServer, worker: str, *installed: str, unusable: dict[str, str] | None = None) -> None:
    """Report a worker as it does itself."""
    about = WorkerReport(
        worker=worker,
        pid=7,
        version="1",
        release="1.0",
        engine="onnx",
        concurrency=1,
        installed=installed,
        unusable=unusable or {},
    )
    open_ledger(server).hints.report_worker(about)


def test_nothing_is_active_at_first(server: LiveServer, offsample: Offsample) -> None:
    assert offsample("releases", "active", "--json").json["version"] is None
    assert "its own settings" in offsample("releases", "active").output
    assert ActiveRelease(server.connect(), NAMES).read() is None
    ended = offsample("releases", "activate", "--previous")
    assert (ended.code, "none to go back to" in ended.errors) == (1, True)


def test_a_release_that_every_worker_has_is_activated_and_gone_back_from(
    server: LiveServer, offsample: Offsample
) -> None:
    report(server, "a@host", "1.0", "2.0")
    report(server, "b@host", "2.0")
    seen = ActiveRelease(server.connect(), NAMES)

    first = offsample("releases", "activate", "2.0", "--json").json
    assert (first["changed"], first["activation"]["version"], first["activation"]["previous"]) == (True, "2.0", None)
    assert first["activation"]["by"].endswith("/offsample")
    assert seen.read() == "2.0"
    again = offsample("releases", "activate", "2.0", "--json").json
    assert (again["changed"], again["activation"]) == (False, first["activation"])

    back = offsample("releases", "activate", "--previous", "--json").json
    assert (back["changed"], back["activation"]["version"], back["activation"]["previous"]) == (True, None, "2.0")
    assert seen.read() is None
    assert offsample("releases", "activate", "--previous", "--json").json["activation"]["version"] == "2.0"
    assert offsample("releases", "active").output.startswith("active: 2.0\nactivated by ")
    assert "nothing changed" in offsample("releases", "activate", "2.0").output


def test_a_release_that_a_worker_lacks_is_refused_and_nothing_changes(server: LiveServer, offsample: Offsample) -> None:
    report(server, "a@host", "1.0", "2.0")
    report(server, "b@host", "1.0")
    ended = offsample("releases", "activate", "2.0")
    assert (ended.code, "b@host (not installed)" in ended.errors, "a@host" in ended.errors) == (1, True, False)
    assert ActiveRelease(server.connect(), NAMES).read() is None
    assert offsample("releases", "activate", "2.0", "--force").code == 0


def test_a_release_that_a_worker_cannot_use_is_refused_with_its_reason(
    server: LiveServer, offsample: Offsample
) -> None:
    report(server, "a@host", "1.0", unusable={"2.0": "nobody signed it"})
    ended = offsample("releases", "activate", "2.0")
    assert (ended.code, "a@host (nobody signed it)" in ended.errors) == (1, True)


def test_without_a_worker_that_can_use_it_nothing_is_activated(server: LiveServer, offsample: Offsample) -> None:
    """No worker could start on a version that does not exist."""
    ended = offsample("releases", "activate", "9.9")
    assert (ended.code, "no worker is alive" in ended.errors) == (1, True)
    assert ActiveRelease(server.connect(), NAMES).read() is None
    assert offsample("releases", "activate", "9.9", "--force").code == 0
    assert offsample("releases", "activate", "2.0", "--force").code == 0
    assert offsample("releases", "activate", "--previous").code == 1
    output = offsample("releases", "activate", "--previous", "--force").output
    assert output.startswith("active: 9.9\nactive before: 2.0 ")


def test_the_release_before_is_refused_too_when_a_worker_lacks_it(server: LiveServer, offsample: Offsample) -> None:
    report(server, "a@host", "1.0", "2.0")
    for version in ("1.0", "2.0"):
        assert offsample("releases", "activate", version).code == 0
    report(server, "a@host", "2.0")
    ended = offsample("releases", "activate", "--previous")
    assert (ended.code, "1.0" in ended.errors) == (1, True)
    assert ActiveRelease(server.connect(), NAMES).read() == "2.0"


def test_the_active_release_is_no_shadow(server: LiveServer, offsample: Offsample) -> None:
    report(server, "a@host", "1.0", "2.0")
    offsample("releases", "activate", "2.0")
    ended = offsample("releases", "shadow", "2.0")
    assert (ended.code, "is active" in ended.errors) == (1, True)
    assert offsample("releases", "shadow", "1.0").code == 0


def test_an_activation_holds_while_the_server_is_away(server: LiveServer, offsample: Offsample) -> None:
    offsample("releases", "activate", "2.0", "--force")
    seen = ActiveRelease(server.connect(), NAMES)
    assert seen.read() == "2.0"
    server.kill()
    try:
        assert seen.read() == "2.0"
    finally:
        server.start()


def test_a_key_of_another_type_is_reported(server: LiveServer, offsample: Offsample) -> None:
    server.connect().set(NAMES.active_release, "text")
    assert offsample("releases", "activate", "2.0", "--force").code == 3
