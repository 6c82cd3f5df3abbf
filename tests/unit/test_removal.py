"""Which ions `offsample clean` removes."""

import pytest

from worker.cleaning.removal import Drop, choose_removed
from worker.messages.event import Annotation
from worker.messages.results import ResultRow

IONS = [
    ("sure off", 500.0, "off", False),
    ("doubtful off", 600.0, "off", True),
    ("doubtful on", 700.0, "on", True),
    ("on", 800.0, "on", False),
]


@pytest.mark.parametrize(
    ("drop", "expected"), [(Drop.OFF, ["sure off"]), (Drop.OFF_UNCERTAIN, ["sure off", "doubtful off"])]
)
def test_uncertain_ions_are_removed_only_where_that_is_asked_for(drop: Drop, expected: list[str]) -> None:
    annotations = [Annotation(annotation_id=name, mz=mz) for name, mz, _, _ in IONS]
    rows = [
        ResultRow(annotation_id=name, status="classified", label=label, off_sample_probability=0.5, uncertain=uncertain)
        for name, _, label, uncertain in IONS
    ]
    removed = choose_removed(rows, annotations, drop, ppm=3)
    assert [one.annotation.annotation_id for one in removed] == expected
