"""The acquisitions of training/data and their series."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from shared.errors import InvalidInputError
from training.acquisitions.acquisition import Acquisition, AreaTruth
from training.acquisitions.reading import read_acquisition
from training.data_root import DATA_ROOT

SERIES_FILE = "series.csv"
_TEXTURES = "unlabelled"


@dataclass(frozen=True)
class ListedAcquisition:
    """One row of `training/data/series.csv`."""

    folder: Path
    series: str
    off_sample_area: AreaTruth

    @property
    def name(self) -> str:
        """The name of the folder; unique."""
        return self.folder.name

    @property
    def is_texture_source(self) -> bool:
        """Whether its ion images are textures of semi-synthetic images."""
        return self.folder.parent.name == _TEXTURES

    def read(self) -> Acquisition:
        """Its ion images, labels and regions."""
        return read_acquisition(self.folder, series=self.series, off_sample_area=self.off_sample_area)


def list_acquisitions(root: Path = DATA_ROOT) -> list[ListedAcquisition]:
    """Every acquisition in training/data, textures included, in the order of `series.csv`.

    Raises
    ------
    InvalidInputError
        When a row has another value than present, absent or unknown, or a name occurs twice.
    """
    with (root / SERIES_FILE).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        if row["off_sample_area"] not in get_args(AreaTruth):
            raise InvalidInputError(
                f"{SERIES_FILE}, {row['folder']}: expected present, absent or unknown, got {row['off_sample_area']!r}"
            )
    listed = [
        ListedAcquisition(root / row["folder"], row["series"], cast("AreaTruth", row["off_sample_area"]))
        for row in rows
    ]
    names = [one.name for one in listed]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise InvalidInputError(f"expected each acquisition once in {SERIES_FILE}, got {min(repeated)!r} twice")
    return listed


def load_acquisitions(names: Sequence[str] | None = None) -> list[Acquisition]:
    """The named acquisitions of training/data, or all that are not textures or have known off-sample area or regions.

    Raises
    ------
    InvalidInputError
        When there is no acquisition of a name.
    """
    listed = {one.name: one for one in list_acquisitions()}
    unknown = sorted(set(names or ()) - set(listed))
    if unknown:
        raise InvalidInputError(f"expected an acquisition of {SERIES_FILE}, got {unknown[0]!r}")
    if names is not None:
        return [listed[name].read() for name in names]
    return [one.read() for one in listed.values() if not one.is_texture_source or _has_ground_truth(one)]


def _has_ground_truth(one: ListedAcquisition) -> bool:
    return one.off_sample_area != "unknown" or (one.folder / "regions.npz").is_file()
