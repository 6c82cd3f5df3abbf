"""`offsample releases compare`: as classified by each release alone, as a table, as JSON and as a picture."""

from pathlib import Path

from command_running import run_command
from live_service import BLADDER
from local_commands import classify
from PIL import Image

FIRST, SECOND = "2026.11.3", "2026.11.3-context"


def test_the_numbers_are_those_of_each_release_alone(tmp_path: Path) -> None:
    picture = tmp_path / "found.png"
    ended = run_command("releases", "compare", FIRST, SECOND, str(BLADDER), "--picture", str(picture), "--json")
    assert ended.code == 0, ended.errors
    found = ended.json

    assert [found[name]["release"] for name in ("first", "second")] == [FIRST, SECOND]
    assert found["compared"] == len(list(BLADDER.iterdir()))
    for name, release in (("first", FIRST), ("second", SECOND)):
        rows, _ = classify(BLADDER, "--release", release)
        alone = {row["annotation_id"]: row["off_sample_probability"] for row in rows}
        assert {ion["annotation_id"]: ion[f"{name}_probability"] for ion in found["ions"]} == alone
        assert found[name]["off"] == sum(row["label"] == "off" for row in rows)
    with Image.open(picture) as drawn:
        assert drawn.width > 1000


def test_the_table_has_the_most_different_ions() -> None:
    ended = run_command("releases", "compare", FIRST, SECOND, str(BLADDER), "--most", "3")
    assert ended.code == 0
    lines = ended.output.splitlines()
    assert [line for line in lines if "ion images have another label" in line]
    assert len([line for line in lines if "mz_" in line]) == 3


def test_what_cannot_be_compared_is_named(tmp_path: Path) -> None:
    unknown = run_command("releases", "compare", FIRST, "1900.1.1", str(BLADDER))
    assert (unknown.code, "1900.1.1" in unknown.errors) == (1, True)
    picture = run_command("releases", "compare", FIRST, SECOND, str(BLADDER), "--picture", str(tmp_path / "a.pdf"))
    assert (picture.code, ".png" in picture.errors) == (1, True)
    assert run_command("releases", "compare", FIRST, SECOND, str(tmp_path / "nowhere")).code == 1
