"""Which ions are removed from a measurement, and what became of their peaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from worker.messages.event import Annotation
from worker.messages.results import ResultRow
from worker.sources.imzml_file import known_mz


class Drop(StrEnum):
    """Which ions are removed."""

    OFF = "off"
    """Off-sample ions, unless their label is uncertain."""
    OFF_UNCERTAIN = "off,uncertain"
    """All off-sample ions."""


@dataclass(frozen=True)
class RemovedIon:
    """An ion whose peaks are removed.

    Attributes
    ----------
    mz
        Th.
    row
        Its prediction.
    overlaps
        Ids of ions that stay although their m/z windows overlap this one's, so that they may lose peaks too.
    """

    annotation: Annotation
    mz: float
    row: ResultRow
    overlaps: tuple[str, ...]


def choose_removed(
    rows: Sequence[ResultRow], annotations: Sequence[Annotation], drop: Drop, ppm: float
) -> list[RemovedIon]:
    """The ions to remove, by m/z.

    Parameters
    ----------
    ppm
        Half width of the m/z windows, parts per million.
    """
    row_of = {row.annotation_id: row for row in rows}
    removed: list[tuple[float, Annotation]] = []
    kept: list[tuple[float, str]] = []
    for annotation in annotations:
        mz, row = known_mz(annotation), row_of.get(annotation.annotation_id)
        if mz is None or row is None:
            continue
        if row.label == "off" and (drop is Drop.OFF_UNCERTAIN or not row.uncertain):
            removed.append((mz, annotation))
        else:
            kept.append((mz, annotation.annotation_id))
    overlaps = _find_overlaps([mz for mz, _ in removed], sorted(kept), ppm)
    found = [
        RemovedIon(annotation, mz, row_of[annotation.annotation_id], names)
        for (mz, annotation), names in zip(removed, overlaps, strict=True)
    ]
    return sorted(found, key=lambda one: (one.mz, one.annotation.annotation_id))


def _find_overlaps(removed: Sequence[float], kept: Sequence[tuple[float, str]], ppm: float) -> list[tuple[str, ...]]:
    """For each removed m/z, the ids of those kept, in ascending m/z, whose windows overlap its own."""
    mz = np.asarray([value for value, _ in kept], dtype=np.float64)
    wanted = np.asarray(removed, dtype=np.float64)
    share = ppm * 1e-6
    first = np.searchsorted(mz * (1 + share), wanted * (1 - share)).tolist()
    last = np.searchsorted(mz * (1 - share), wanted * (1 + share), side="right").tolist()
    return [tuple(name for _, name in kept[start:stop]) for start, stop in zip(first, last, strict=True)]
