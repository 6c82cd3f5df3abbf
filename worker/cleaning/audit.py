"""The list of what was removed from a measurement, and why."""

import csv
from collections.abc import Sequence
from pathlib import Path

from worker.cleaning.cleaning import CleaningCounts
from worker.cleaning.removal import RemovedIon

FIELDS = (
    "annotation_id",
    "mz",
    "formula",
    "adduct",
    "off_sample_probability",
    "member_spread",
    "uncertain",
    "mz_from",
    "mz_to",
    "peaks",
    "intensity",
    "also_in_windows_of",
    "release",
)


def write_audit(path: Path, ions: Sequence[RemovedIon], counts: CleaningCounts, ppm: float, release: str) -> None:
    """Write a .csv table with one row for each removed ion."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(FIELDS)
        for number, ion in enumerate(ions):
            half = ion.mz * ppm * 1e-6
            writer.writerow(
                (
                    ion.annotation.annotation_id,
                    f"{ion.mz:.6f}",
                    ion.annotation.formula or "",
                    ion.annotation.adduct or "",
                    f"{ion.row.off_sample_probability:.4f}",
                    f"{ion.row.member_spread:.4f}",
                    str(ion.row.uncertain).lower(),
                    f"{ion.mz - half:.6f}",
                    f"{ion.mz + half:.6f}",
                    int(counts.peaks[number]),
                    f"{counts.intensities[number]:.6g}",
                    " ".join(ion.overlaps),
                    release,
                )
            )
