"""Inputs of commands: a user's folders and files, datasets on METASPACE, acquisitions of training/data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from shared.progress import ProgressCallback, follow, ignore_progress
from training.acquisitions.acquisition import Acquisition
from training.acquisitions.metaspace import PREFIX, read_metaspace
from training.acquisitions.reading import find_acquisitions, read_acquisition
from training.acquisitions.series import ListedAcquisition, list_acquisitions


def open_inputs(
    inputs: Sequence[str], labels: Path | None = None, on_progress: ProgressCallback = ignore_progress
) -> Iterator[Acquisition]:
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
    found = [read for one in inputs for read in _find_readers(one, listed, labels)]
    for read in follow(found, "acquisitions", len(found), on_progress):
        yield read()


def _find_readers(
    one: str, listed: Mapping[str, ListedAcquisition], labels: Path | None
) -> Iterator[Callable[[], Acquisition]]:
    """What reads each acquisition of an input; those of training/data with their row of `series.csv`, also by path."""
    if one.startswith(PREFIX):
        yield partial(read_metaspace, one.removeprefix(PREFIX))
    elif one in listed and not Path(one).exists():
        yield listed[one].read
    else:
        by_folder = {acquisition.folder.resolve(): acquisition for acquisition in listed.values()}
        for found in find_acquisitions(Path(one)):
            own = by_folder.get(found.resolve()) if labels is None else None
            yield partial(read_acquisition, found, labels=labels) if own is None else own.read
