"""Inputs of commands: a user's folders and files, datasets on METASPACE, acquisitions of training/data."""

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
        `metaspace:<dataset id>`, a path, or the name of an acquisition of training/data where no such path exists.
    labels
        As in `read_acquisitions`; for paths only.

    Raises
    ------
    InvalidInputError
        When an input holds no acquisition, or one cannot be read.
    """
    listed = {acquisition.name: acquisition for acquisition in list_acquisitions()}
    for one in inputs:
        if one.startswith(PREFIX):
            yield read_metaspace(one.removeprefix(PREFIX))
        elif one in listed and not Path(one).exists():
            yield listed[one].read()
        else:
            yield from _read_path(Path(one), list(listed.values()), labels)


def _read_path(path: Path, listed: Sequence[ListedAcquisition], labels: Path | None) -> Iterator[Acquisition]:
    """Acquisitions of training/data are read with their row of `series.csv`, also when given by path."""
    by_folder = {acquisition.folder.resolve(): acquisition for acquisition in listed}
    for found in find_acquisitions(path):
        own = by_folder.get(found.resolve()) if labels is None else None
        yield read_acquisition(found, labels=labels) if own is None else own.read()
