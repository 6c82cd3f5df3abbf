"""Places that a person names: folders and files of their own, datasets on METASPACE, acquisitions of training/data."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from training.acquisitions.acquisition import Acquisition
from training.acquisitions.metaspace import PREFIX, read_metaspace
from training.acquisitions.reading import find_acquisitions, read_acquisition
from training.acquisitions.series import ListedAcquisition, list_acquisitions


def open_inputs(inputs: Sequence[str], labels: Path | None = None) -> Iterator[Acquisition]:
    """Read the acquisitions of all inputs, in their order.

    Parameters
    ----------
    inputs
        `metaspace:<dataset id>`, a path, or the name of an acquisition of training/data where no such path is.
    labels
        As in `read_acquisitions`; for paths alone.

    Raises
    ------
    InvalidInputError
        When a given holds no acquisition, or one cannot be read.
    """
    known = {one.name: one for one in list_acquisitions()}
    for given in inputs:
        if given.startswith(PREFIX):
            yield read_metaspace(given.removeprefix(PREFIX))
        elif given in known and not Path(given).exists():
            yield known[given].read()
        else:
            yield from _read_path(Path(given), list(known.values()), labels)


def _read_path(path: Path, known: Sequence[ListedAcquisition], labels: Path | None) -> Iterator[Acquisition]:
    """Ours are read with what `series.csv` says of them, by their path too."""
    ours = {one.folder.resolve(): one for one in known}
    for found in find_acquisitions(path):
        own = ours.get(found.resolve()) if labels is None else None
        yield read_acquisition(found, labels=labels) if own is None else own.read()
