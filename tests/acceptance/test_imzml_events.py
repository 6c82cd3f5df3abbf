"""imzML events with numbers at the limits of their type: each is answered, and the worker's children survive."""

from typing import Any

import pytest
from imzml_damaging import renumber, rewrite
from imzml_making import make_spectra, write_imzml
from live_service import LiveService, make_event, require_whole_once, wait_until

EXTREMES: list[dict[str, Any]] = [
    {"mz": 1e308},
    {"mz": 2e305},
    {"mz": 1.7976931348623157e308},
    {"mz": 5e-324},
    {"formula": "C6H12O6", "adduct": f"[M+H]{'9' * 150}+"},
    {"formula": "C6H12O6", "adduct": f"+{'9' * 150}H"},
    {"formula": "C6H12O6", "adduct": "+H", "charge": 10**18},
]


@pytest.mark.parametrize("ppm", [3, 1000])
def test_numbers_at_the_limits_of_their_type_are_answered_and_no_child_dies(service: LiveService, ppm: float) -> None:
    path = write_imzml(service.folder / "a.imzML", make_spectra(8, 8))
    location = {"kind": "imzml", "uri": str(path), "ppm": ppm}
    worker = service.start_worker()
    children = worker.children
    sound = {"annotation_id": "sound", "mz": 150.0}
    events = [
        make_event(ion_images=location, annotations=[sound, {"annotation_id": "extreme", **extreme}])
        for extreme in EXTREMES
    ]
    good = make_event()
    for event in (*events, good):
        service.send(event)
        service.wait_for_closing(event["id"])

    for event, extreme in zip(events, EXTREMES, strict=True):
        first = service.answers(event["id"])[0]["data"]
        rows = {row["annotation_id"]: row["status"] for row in first.get("rows", [])}
        assert rows.get("extreme") in ("unreadable", "no_signal") or first["error"].startswith("invalid_"), extreme
    require_whole_once(service, [good])
    assert (worker.children, worker.process.poll()) == (children, None)


def test_the_log_notes_how_contradictions_were_resolved_and_which_columns_were_left_out(service: LiveService) -> None:
    path = write_imzml(service.folder / "a.imzML", make_spectra(8, 8))
    rewrite(path, renumber("64-bit float", "MS:1000521"))
    worker = service.start_worker()
    (service.folder / "ions.csv").write_text("mz,colour\n150,red\n160,blue\n")
    location = {"kind": "imzml", "uri": str(path)}
    event = make_event(ion_images=location, annotations_uri=str(service.folder / "ions.csv"))
    service.send(event)
    assert service.wait_for_closing(event["id"])["data"]["counts"]["annotations"] == 2
    (line,) = wait_until(lambda: worker.logged("dataset_classified"), "the event is logged")
    assert any("64-bit float was used" in note for note in line["notes"])
    assert any("'colour'" in note for note in line["notes"])
