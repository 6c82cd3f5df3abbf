"""Places that a person names: folders and files of their own, datasets on METASPACE, acquisitions of training/data."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from training.acquisitions.acquisition import Acquisition
from training.acquisitions.metaspace import PREFIX, read_metaspace
from training.acquisitions.reading import read_acquisitions
from training.acquisitions.series import list_acquisitions


def open_places(places: Sequence[str], labels: Path | None = None) -> Iterator[Acquisition]:
    """Read the acquisitions of all places, in their order.

    Parameters
    ----------
    places
        `metaspace:<dataset id>`, a path, or the name of an acquisition of training/data where no such path is.
    labels
        As in `read_acquisitions`; for paths alone.

    Raises
    ------
    InvalidInputError
        When a place holds no acquisition, or one cannot be read.
    """
    known = {one.name: one for one in list_acquisitions()}
    for place in places:
        if place.startswith(PREFIX):
            yield read_metaspace(place.removeprefix(PREFIX))
        elif place in known and not Path(place).exists():
            yield known[place].read()
        else:
            yield from read_acquisitions(Path(place), labels=labels)
